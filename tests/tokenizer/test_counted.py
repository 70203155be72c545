"""What kernels' lines become in a sequential function: loops over all that the threads do, and nothing where no rule knows."""

from __future__ import annotations

import pytest

from hpcraft.tokenizer.counted import counted, indices, sequential
from hpcraft.tokenizer.strides import strided

GUARDS = {
    "if(v2<v0)": {"<|x|>": ("for(int v2=0;v2<v0;v2++)",)},
    "if(v2<=v0*(v1+1)){": {"<|x|>": ("for(int v2=0;v2<=v0*(v1+1);v2++){",)},
    "if((v2<v0)&&(v3<v1))": {
        "<|x|><|y|>": ("for(int v2=0;v2<v0;v2++)", "for(int v3=0;v3<v1;v3++)"),
        "<|y|><|x|>": ("for(int v3=0;v3<v1;v3++)", "for(int v2=0;v2<v0;v2++)"),
    },
    "if(v2>=v0)": {"<|x|>": ("for(int v2=0;v2<v0;v2++){",)},
    "if(v2>v0||v3>=v1){": {
        "<|x|><|y|>": ("for(int v2=0;v2<=v0;v2++)", "for(int v3=0;v3<v1;v3++){"),
        "<|y|><|x|>": ("for(int v3=0;v3<v1;v3++)", "for(int v2=0;v2<=v0;v2++){"),
    },
}


@pytest.mark.parametrize(("line", "wanted"), GUARDS.items())
def test_guards_are_loops_over_what_they_let_through(line: str, wanted: dict[str, tuple[str, ...]]) -> None:
    """A comparison for each loop, in any order; what returns early governs all that follows."""
    assert counted(line, {}) == wanted


@pytest.mark.parametrize(
    "line",
    [
        "if(v2<v0||v3<v1)",
        "if(v2<v0&&v1)",
        "if(v3[v2]<v0&&v4==0)",
        "if(v2<v0&&v3<v1&&v4<v0&&v5<v0)",
        "v1[v2]=0;",
        "for(v2=0;v2<v0;v2++)",
        "if(v2+1<v0)",
        "",
    ],
)
def test_other_lines_are_no_loops(line: str) -> None:
    """Comparisons of something else, too many of them, and loops of one thread."""
    assert counted(line, {}) == {}


def test_counters_have_the_type_of_the_index() -> None:
    """As the kernel declares it."""
    kinds = indices(["long v2=blockIdx.x*blockDim.x+threadIdx.x;", "const unsigned int v3=threadIdx.y;", "int v4=v2+1;"])
    assert kinds == {"v2": "long", "v3": "unsigned int"}
    assert counted("if(v3<v0&&v2<v1)", kinds)["<|y|><|x|>"] == ("for(long v2=0;v2<v1;v2++)", "for(unsigned int v3=0;v3<v0;v3++)")


@pytest.mark.parametrize("axis", ["x", "y", "z"])
@pytest.mark.parametrize(
    "head",
    [
        "for(int v2=0;v2<v0;v2++)",
        "for(v2=1;v2<=v0-1;v2++){",
        "for(unsigned long v2=v3*2;v2+1<v0;v2+=v4)",
        "for(int v2=v3;v2<v0;v2+=2){",
        "for(long v2=v0-1;v2>=0;v2--)",
        "for(long v2=v0-1;v2>=0;v2-=(v3+1))",
    ],
)
def test_strides_go_back(head: str, axis: str) -> None:
    """A loop that strides along any axis is the loop that it was made of."""
    there = strided(head, axis)
    assert there is not None
    back = counted(there, {})["<|x|>"][0]
    assert back.replace("(v3+1)", "v3+1").replace("(v3*2)", "v3*2") == head.replace("(v3+1)", "v3+1")


def test_a_stride_by_names_of_its_own_counts_from_zero() -> None:
    """An index and a total that were computed before."""
    assert counted("for(int v2=v5;v2<v0;v2+=v6){", {}) == {"<|x|>": ("for(int v2=0;v2<v0;v2++){",)}


@pytest.mark.parametrize("line", ["return v2=threadIdx.x;", "static int v2=threadIdx.x;", "auto v2=threadIdx.x;", "float v2=threadIdx.x;"])
def test_what_is_no_plain_whole_number_gives_no_type(line: str) -> None:
    """A counter is an int then."""
    assert indices([line]) == {}


# ---------------------------------------------------------------- whole bodies

INDEX, OTHER = "int v5=blockIdx.x*blockDim.x+threadIdx.x;", "int v6=(blockIdx.y*blockDim.y)+threadIdx.y;"
BODIES = {
    (INDEX, "if(v5<v0)", "v1[v5]=0;", "}"): ("for(int v5=0;v5<v0;v5++)", "v1[v5]=0;", "}"),
    (INDEX, OTHER, "if(v5>=v0||v6>=v2)", "return;", "v1[v5]=v6;", "}"): (
        "for(int v6=0;v6<v2;v6++)",
        "for(int v5=0;v5<v0;v5++){",
        "v1[v5]=v6;",
        "}",
    ),
    (INDEX, "if(v5>=v0){", "return;", "}", "v1[v5]=0;", "}"): ("for(int v5=0;v5<v0;v5++){", "v1[v5]=0;", "}"),
    (INDEX, "int v7=blockDim.x*gridDim.x;", "for(int v8=v5;v8<v0;v8+=v7)", "v1[v8]=0;", "}"): (
        "for(int v8=0;v8<v0;v8++)",
        "v1[v8]=0;",
        "}",
    ),
    (INDEX, "while(v5<v0){", "v1[v5]=0;", "v5+=gridDim.x*blockDim.x;", "}", "}"): ("for(int v5=0;v5<v0;v5++){", "v1[v5]=0;", "}", "}"),
    (INDEX, "int v7=v5*2;", "int v9=v0;", "if(v5<v9){", "v1[v7]=0;", "}", "}"): (
        "int v9=v0;",
        "for(int v5=0;v5<v9;v5++){",
        "int v7=v5*2;",
        "v1[v7]=0;",
        "}",
        "}",
    ),
    (INDEX, "if(v5<v0){", "if(v1[v5])", "return;", "v1[v5]=0;", "}", "}"): (
        "for(int v5=0;v5<v0;v5++){",
        "if(v1[v5])",
        "continue;",
        "v1[v5]=0;",
        "}",
        "}",
    ),
}
STAY = [
    (INDEX, "v1[v5]=0;", "}"),
    (INDEX, "__shared__ float v9[32];", "if(v5<v0)", "v1[v5]=0;", "}"),
    (INDEX, "while(v5<v0){", "if(v1[v5])", "continue;", "v5+=gridDim.x*blockDim.x;", "}", "}"),
    ("if(v2<v0)", "v1[0]=0;", "}"),
    ("int v5=v2+threadIdx.x;", "if(v5<v0)", "v1[v5]=0;", "}"),
    (OTHER, "int v5=v2+threadIdx.x;", "if(v5<v0&&v6<v0)", "v1[v5]=0;", "}"),
]


@pytest.mark.parametrize(("body", "wanted"), BODIES.items())
def test_bodies_become_loops_by_rule(body: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    """Guards, early returns, strides by names, while loops, what is computed of an index in front, and threads that leave."""
    assert tuple(part for line in sequential(body) if line is not None for part in line.split("\n")) == wanted


@pytest.mark.parametrize("body", STAY)
def test_bodies_that_no_rule_knows_stay(body: tuple[str, ...]) -> None:
    """No guard, shared memory, a step that ``continue`` skips, guards of other values, indices of other kinds."""
    assert tuple(sequential(body)) == body
