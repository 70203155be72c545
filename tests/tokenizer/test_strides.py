"""Loops that stride over all threads: each iteration is one thread's, whatever the launch, and what the rule doesn't know is left alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.tokenizer.strides import strided


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ("for(int v2=0;v2<v0;v2++)", "for(int v2=blockIdx.x*blockDim.x+threadIdx.x;v2<v0;v2+=blockDim.x*gridDim.x)"),
        ("for(v2=1;v2<=v0-1;++v2){", "for(v2=blockIdx.x*blockDim.x+threadIdx.x+1;v2<=v0-1;v2+=blockDim.x*gridDim.x){"),
        (
            "for(unsigned long v2=v3*2;v2+1<v0;v2+=v4)",
            "for(unsigned long v2=(blockIdx.x*blockDim.x+threadIdx.x)*v4+(v3*2);v2+1<v0;v2+=blockDim.x*gridDim.x*v4)",
        ),
        ("for(long v2=v0-1;v2>=0;v2--)", "for(long v2=v0-1-(int)(blockIdx.x*blockDim.x+threadIdx.x);v2>=0;v2-=blockDim.x*gridDim.x)"),
    ],
)
def test_heads_by_hand(head: str, wanted: str) -> None:
    """First values, steps and directions, with and without a brace."""
    assert strided(head, "x") == wanted
    assert strided(head, "z") == wanted.replace(".x", ".z")
    spaced = strided(head, "x", " ")
    assert spaced is not None
    assert re.sub(r" ", "", spaced) == wanted.replace(" ", "")


@pytest.mark.parametrize(
    "head",
    [
        "for(;v2<v0;v2++)",
        "for(int v2=0;v0>v2;v2++)",
        "for(int v2=1;v2<v0;v2*=2)",
        "for(int v2=0,v3=1;v2<v0;v2++)",
        "for(int v2=0;v2<v0;v2++,v3+=v4)",
        "for(int v2=0;v2<v0;v3++)",
        "while(v2<v0)",
        "v1[v2]=0;",
        "",
    ],
)
def test_other_lines_have_no_stride(head: str) -> None:
    """Two variables, another's step, and what is no loop that counts."""
    assert strided(head, "x") is None


@given(
    low=st.integers(-9, 9),
    count=st.integers(0, 40),
    step=st.integers(1, 4),
    down=st.booleans(),
    blocks=st.integers(1, 4),
    threads=st.integers(1, 9),
)
def test_threads_share_the_iterations(*, low: int, count: int, step: int, down: bool, blocks: int, threads: int) -> None:
    """Together they do each iteration once, in any launch."""
    sign, relation, high = ("-", ">", low - count) if down else ("+", "<", low + count)
    every = {1: f"i{sign}{sign}"}.get(step, f"i{sign}={step}")
    head = strided(f"for(int i={low};i{relation}{high};{every})", "x")
    assert head is not None
    first, _, by = head[len("for(int i=") : -1].split(";")
    names = re.compile(r"(block|thread|grid)(Idx|Dim)\.x")
    done = []
    for block in range(blocks):
        for thread in range(threads):
            values = {"blockIdx": block, "threadIdx": thread, "blockDim": threads, "gridDim": blocks}

            def number(text: str, values: dict[str, int] = values) -> int:
                return int(eval(names.sub(lambda m: str(values[m[1] + m[2]]), text.replace("(int)", ""))))

            stride = number(by.partition("=")[2])
            done += list(range(number(first), high, -stride if down else stride))
    assert sorted(done) == sorted(range(low, high, -step if down else step))
