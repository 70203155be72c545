"""Benchmarks in a corpus are found however they are laid out and named, and clean code isn't taken for them."""

from __future__ import annotations

import json
import pickle
import re
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.data.benchmark_files import hash_benchmarks, looks_like, read_benchmarks
from hpcraft.data.benchmark_trees import function_texts
from hpcraft.data.code_tokens import code_words
from hpcraft.data.decontaminate import Benchmarks, Rules
from hpcraft.data.tree_hash import tree_hash
from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.benchmarks import babeltower_texts, suite_texts
from hpcraft.records import BenchmarkText

REFERENCES = [text for text in suite_texts("kernels") if text.kind == "reference" and text.language != "python"]
STUDY = ("axpy", "gemv", "gemm", "spmv", "jacobi", "cg")
"""The six kernels of the Codex study."""
BABELTOWER = Path(__file__).parents[3] / "shared" / "data" / "babeltower"
CLEAN = {
    "c": "static double total;\nint get_rank(struct comm *c)\n{\n    return c->rank;\n}\n\nvoid fill(double *a, int n)\n{\n"
    "    for (int i = 0; i < n; i++) {\n        a[i] = 0.0;\n    }\n}\n",
    "fortran": "module grid_m\ncontains\n  subroutine clear(a, n)\n    integer, intent(in) :: n\n    real, intent(out) :: a(n)\n    integer :: i\n"
    "    do i = 1, n\n      a(i) = 0.0\n    end do\n  end subroutine clear\nend module grid_m\n",
}


@pytest.fixture(scope="module")
def index() -> Benchmarks:
    """The index of all suites of this installation."""
    return Benchmarks.build(suite_texts("kernels"))


def planted(text: BenchmarkText, code: str) -> str:
    """A larger file with ``code`` in its middle."""
    clean = CLEAN["fortran" if text.language == "fortran" else "c"]
    return f"{clean}\n{code}\n{clean.replace('clear', 'erase').replace('grid_m', 'grid_n').replace('get_rank', 'get_size')}"


def reformatted(text: BenchmarkText) -> str:
    """The same code with other line breaks, indentation and comments; directives and statements of Fortran keep their lines."""
    if text.language == "fortran":
        lines = [f"      {line.strip()}" + ("  ! as in the paper" if "!$" not in line else "") for line in text.text.splitlines()]
        return "\n\n".join(lines)
    lines = [line if line.lstrip().startswith("#") else re.sub(r"([;{}])", r"\1 /* next */\n\t\t", line) for line in text.text.splitlines()]
    return "\n".join(lines)


def renamed(text: BenchmarkText) -> str:
    """Every name of a function of the Codex study gets another one."""
    own = r"(?<![.\w])(axpy|gemv|gemm|spmv|jacobi|cg|row_ptr|col|val|sum|max_iterations|tolerance|iterations|[AxybuBCamnkij])\b"
    return re.sub(own, r"my_\1_too", text.text, flags=re.IGNORECASE if text.language == "fortran" else 0)


@pytest.mark.parametrize("text", REFERENCES[::5], ids=lambda t: t.task_id)
def test_every_reference_is_found_in_a_larger_file(text: BenchmarkText, index: Benchmarks) -> None:
    """A reference solution is found as it is and laid out in another way; the file around it alone is clean."""
    assert index.hits(text.language, planted(text, "")) is None
    for code in (text.text, reformatted(text)):
        hit = index.hits(text.language, planted(text, code))
        assert hit is not None
        assert (hit.how, hit.whole) == ("ngram", True)
        assert hit.share > 0.8  # the one that is told may be a sister, with the same loops in another language or model
        assert hit.task_id.startswith("/".join(text.task_id.split("/")[:2]))


@pytest.mark.parametrize("text", [t for t in REFERENCES if t.task_id.split("/")[1] in STUDY], ids=lambda t: t.task_id)
def test_a_renamed_function_is_found_by_its_tree(text: BenchmarkText, index: Benchmarks) -> None:
    """Functions of a reference keep their tree when all their own names change, in every language."""
    for before, after in zip(function_texts(text.language, text.text), function_texts(text.language, renamed(text)), strict=True):
        if len(code_words(text.language, before)) >= index.rules.min_tree_words:
            hit = index.tree_hit(tree_hash(text.language, after))
            assert hit is not None, after
            assert hit.how == "tree"


def test_a_getter_and_a_plain_loop_are_nobodys(index: Benchmarks) -> None:
    """Functions that everybody writes aren't taken for a benchmark's."""
    for language, code in CLEAN.items():
        assert index.hits(language, code) is None
        assert all(index.tree_hit(tree_hash(language, f)) is None for f in function_texts(language, code))


def test_an_axpy_goes_alone_and_a_solver_takes_its_file_along(index: Benchmarks) -> None:
    """A short function with a benchmark's tree is left out by itself; a long one is no coincidence."""
    by_task = {t.task_id: t for t in REFERENCES}
    found = {}
    for kernel in ("axpy", "cg"):
        reference = by_task[f"kernels/{kernel}/serial/c"]
        longest = max(function_texts("c", reference.text), key=len)
        hit = index.tree_hit(tree_hash("c", longest))
        assert hit is not None
        found[kernel] = hit.whole
    assert found == {"axpy": False, "cg": True}


def test_prompts_are_found_by_their_words(index: Benchmarks) -> None:
    """A prompt copied into a file is found; its head alone, which any library may declare, is not."""
    prompts = [t for t in suite_texts("kernels") if t.kind == "prompt" and t.language != "python"]
    assert prompts
    for prompt in prompts:
        hit = index.hits(prompt.language, planted(prompt, prompt.text + "\n}\n"))
        assert hit is not None, prompt.task_id
    assert (
        index.hits("c", planted(prompts[0], "void axpy(int n, double a, const double *x, double *y) {\n    daxpy(n, a, x, y);\n}\n"))
        is None
    )


_WORDS = st.sampled_from(
    [
        "for",
        "while",
        "alpha",
        "beta",
        "gamma",
        "i",
        "j",
        "n",
        "int",
        "double",
        "x",
        "y",
        "z",
        "=",
        "+",
        "*",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ";",
        ",",
        "<",
        "0",
        "1",
        "2.5",
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(_WORDS, min_size=13, max_size=120),
    before=st.lists(_WORDS, max_size=200),
    after=st.lists(_WORDS, max_size=200),
    language=st.sampled_from(["c", "cpp", "cuda", "fortran"]),
    share=st.sampled_from([0.3, 0.5, 1.0]),
)
def test_what_holds_a_text_whole_is_always_found(
    words: list[str], before: list[str], after: list[str], language: str, share: float
) -> None:
    """Whatever stands around it, a text of a benchmark is found in a document that holds it verbatim."""
    text = BenchmarkText(suite="s", task_id="t", kind="reference", language=language, text=" ".join(words))
    built = Benchmarks.build([text], Rules(share=share, min_tree_words=10_000))
    hit = built.hits(language, "\n".join([" ".join(before), text.text, " ".join(after)]))
    if built.too_short:
        assert hit is None
    else:
        assert hit is not None
        assert hit.share >= share


def test_runs_gathered_all_over_a_large_file_are_no_copy() -> None:
    """A file that holds the pieces of a text far apart isn't one that holds the text."""
    words = [f"w{i}" for i in range(60)]
    built = Benchmarks.build([BenchmarkText(suite="s", task_id="t", kind="reference", language="c", text=" ".join(words))])
    pieces = [" ".join(words[i : i + 15]) for i in range(0, 60, 15)]
    apart = ("\n" + " ".join(f"other{i}" for i in range(400)) + "\n").join(pieces)
    assert built.hits("c", " ".join(words)) is not None
    assert built.hits("c", apart) is None


@pytest.mark.ci
def test_the_index_is_the_same_from_disk_and_in_any_order(tmp_path: Path, index: Benchmarks) -> None:
    """Saved, loaded, pickled and built from the reverse, it is one index, and its file has the same bytes."""
    again = Benchmarks.build(reversed(list(suite_texts("kernels"))))
    index.save(tmp_path / "a.npz")
    again.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    text = REFERENCES[0]
    for other in (Benchmarks.load(tmp_path / "a.npz"), pickle.loads(pickle.dumps(index))):
        assert other.hits(text.language, text.text) == index.hits(text.language, text.text) is not None
        assert other.trees == index.trees


def test_a_damaged_index_and_rules_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    """Bad input is named in one line."""
    (tmp_path / "x.npz").write_bytes(b"PK\x03\x04 nothing")
    for path in (tmp_path / "x.npz", tmp_path / "missing.npz"):
        with pytest.raises(InputError, match="not an index"):
            Benchmarks.load(path)
    with pytest.raises(ConfigError, match="above 0"):
        Rules(share=0)
    with pytest.raises(ConfigError, match="ngram must be 1 or more"):
        Rules(ngram=0)


def test_no_benchmark_at_all_hits_nothing() -> None:
    """An empty index is an index."""
    empty = Benchmarks.build([])
    assert empty.hits("c", CLEAN["c"]) is None
    assert empty.tree_hit("x") is None


@pytest.mark.skipif(not BABELTOWER.is_dir(), reason="needs the validation part of babeltower")
def test_babeltower_is_found_where_it_was_planted() -> None:
    """Each function of the validation part is found in a larger file, set in another layout."""
    texts = list(babeltower_texts(BABELTOWER))
    built = Benchmarks.build(texts)
    sources = [t for t in texts if t.kind in ("source", "reference")]
    assert len(sources) > 300
    missed = []
    for text in sources[::5]:
        if text.task_id not in built.too_short and built.hits(text.language, planted(text, reformatted(text))) is None:
            missed.append(text.task_id)
    assert not missed


SOLUTION = "\n".join(f"    result[{i}] = weights[{i}] * samples[{i}] + offset_{i};" for i in range(12))
C_CODE = f"void combine(double *result, const double *weights, const double *samples)\n{{\n{SOLUTION}\n}}\n"


def test_folders_of_the_users_own(tmp_path: Path) -> None:
    """Source files, JSON, JSON lines and Parquet are read, and what they hold is found."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "a.c").write_text(C_CODE)
    (tmp_path / "bench" / "b.json").write_text(json.dumps({"tasks": [{"id": "short", "solution": C_CODE.replace("combine", "join")}]}))
    prompt = "Please write a program that mixes seven bowls of soup by wavelength and prints the result of each of them in turn"
    (tmp_path / "bench" / "c.jsonl").write_text(json.dumps({"prompt": prompt}) + "\n\n")
    pq.write_table(pa.table({"code": [C_CODE.replace("combine", "merge")], "n": [1]}), tmp_path / "bench" / "d.parquet")
    (tmp_path / "bench" / "README.md").write_text("not read")
    texts = list(read_benchmarks([str(tmp_path / "bench")]))
    assert [(t.task_id, t.kind, t.language) for t in texts] == [
        ("a.c", "source", "c"),
        ("b.json.tasks[0].solution", "source", "c"),
        ("c.jsonl:1.prompt", "prompt", "text"),
        ("d.parquet:1", "source", "c"),
    ]
    built = Benchmarks.build(texts)
    hit = built.hits("c", CLEAN["c"] + C_CODE)
    assert hit is not None
    assert hit.suite == "bench"
    said = built.hits("cpp", f"/* {prompt} */\n{CLEAN['c']}")
    assert said is not None
    assert said.kind == "prompt"
    assert set(hash_benchmarks([str(tmp_path / "bench")])) == {
        f"{tmp_path}/bench/{name}" for name in ("a.c", "b.json", "c.jsonl", "d.parquet")
    }


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.json", b"{", "not JSON"),
        ("x.jsonl", b'{"a": 1}\nnope\n', r"x\.jsonl:2: not JSON"),
        ("x.json", b"\xff\xfe\x00", "not UTF-8"),
        ("x.parquet", b"PAR1", "not a readable Parquet file"),
        ("x.md", b"words", "holds no text of a benchmark"),
        ("x.json", b'{"a": "short"}', "holds no text of a benchmark"),
    ],
)
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """A damaged or empty benchmark is an error: decontamination against half of it would promise too much."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        list(read_benchmarks([str(tmp_path)]))


def test_half_a_surrogate_pair_is_no_obstacle(tmp_path: Path) -> None:
    """JSON may hold what no file of text can; the rest of the string is looked for all the same."""
    (tmp_path / "x.json").write_text(json.dumps({"code": C_CODE + 'char *s = "\ud800";\n'}))
    built = Benchmarks.build(read_benchmarks([str(tmp_path)]))
    built.save(tmp_path / "index.npz")
    assert Benchmarks.load(tmp_path / "index.npz").hits("c", C_CODE) is not None


def test_a_document_of_one_line_repeated_takes_no_time() -> None:
    """Many texts that share their runs with a long document are not all counted out."""
    line = " ".join(f"a{i} = b{i} ;" for i in range(8))
    texts = [BenchmarkText(suite="s", task_id=str(i), kind="reference", language="c", text=f"{line} end_{i} ;") for i in range(300)]
    built = Benchmarks.build(texts)
    begin = time.process_time()
    assert built.hits("c", f"{line} end_7 ;\n" * 3000) is not None
    assert time.process_time() - begin < 10


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A wrong path is bad input, not an empty benchmark."""
    with pytest.raises(InputError, match="no such file or folder"):
        list(read_benchmarks([str(tmp_path / "nothing")]))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("__global__ void f(int *a) { a[threadIdx.x] = 1; }", "cuda"),
        ("subroutine f(a)\n  real :: a\nend subroutine", "fortran"),
        ("#include <vector>\nstd::vector<int> f();", "cpp"),
        ("int f(int a) { return a; }", "c"),
        ("Write a function that adds two numbers.", "text"),
    ],
)
def test_the_language_of_a_string(text: str, language: str) -> None:
    """A string of JSON has no suffix; what it holds tells."""
    assert looks_like(text) == language
