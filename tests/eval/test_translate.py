"""Translating for people: what holds is shown with its evidence, what doesn't is not shown as an answer."""

import json
from typing import Any, ClassVar

import pytest

from hpcraft.cli import main
from hpcraft.data.standalone import stand_alone
from hpcraft.decoding import Reply
from hpcraft.errors import InputError
from hpcraft.eval.translate_evidence import Choice, judged, unverified
from hpcraft.inference import ModelFacts
from tests.data.translations import GOOD_SCALE as GOOD
from tests.data.translations import SCALE as SOURCE

SERIAL = SOURCE
SHORT = GOOD.replace("i < n", "i < n - 1")
BROKEN = GOOD.replace("a * x[i]", "b * x[i]")
CUDA = """__global__ void scale_kernel(int n, double a, double *x) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = a * x[i];
}
extern "C" void scale(int n, double a, double *x) {
    double *d;
    cudaMalloc(&d, n * sizeof(double));
    cudaMemcpy(d, x, n * sizeof(double), cudaMemcpyHostToDevice);
    scale_kernel<<<(n + 127) / 128, 128>>>(n, a, d);
    cudaMemcpy(x, d, n * sizeof(double), cudaMemcpyDeviceToHost);
    cudaFree(d);
}
"""


def choices(*codes):
    """Candidates in the order of their likelihood."""
    return [Choice(number=number, code=code) for number, code in enumerate(codes)]


def test_the_best_that_holds_is_chosen_and_the_others_say_why_not():
    """A likelier candidate that is wrong comes behind one that is right; each refusal has its reason."""
    found = judged(stand_alone(SOURCE), "openmp", choices(SHORT, SERIAL, BROKEN, GOOD), (), seed=3)
    assert found.chosen is not None
    assert found.chosen.code == GOOD
    reasons = {c.number: c.reason for c in found.choices if not c.holds}
    assert reasons == {0: "differs", 1: "not-parallel", 2: "target:compile_error"}
    assert found.coverage == 1
    assert found.killing > 0
    assert found.chosen.mutants_killed > 0
    assert any("1 of 4 different ones hold" in line for line in found.lines())


def test_cuda_is_run_and_it_is_said_where():
    """A candidate that is only right on the processor isn't said to be right on a device."""
    found = judged(stand_alone(SOURCE), "cuda", choices(CUDA, CUDA.replace("if (i < n) ", "")), (), seed=3)
    assert found.chosen is not None
    assert (found.chosen.number, found.chosen.level) == (0, "emulate")
    assert found.choices[1].holds is False
    assert any("a real device" in words for words in found.unknown)


@pytest.mark.parametrize(
    ("code", "target", "words"),
    [
        ('__attribute__((no_sanitize("thread"))) ' + GOOD, "openmp", "hides code from the sanitizers"),
        (CUDA.replace("__global__", "#define atomicAdd(p, v) (*(p) += (v))\n__global__"), "cuda", "gives atomicAdd another meaning"),
    ],
)
def test_tricks_on_the_checks_are_refused_before_anything_is_run(code, target, words):
    """A candidate that would hold is told what it does."""
    found = judged(stand_alone(SOURCE), target, choices(code), (), seed=3)
    assert found.chosen is None
    assert (found.choices[0].reason, found.choices[0].log.partition(" (")[0]) == ("not-honest", words)
    assert any("refused: not-honest (1)" in line for line in found.lines())


def test_nothing_is_chosen_when_nothing_holds():
    """No answer is better than a wrong one."""
    found = judged(stand_alone(SOURCE), "openmp", choices(SHORT), (), seed=3)
    assert found.chosen is None
    assert any("refused: differs" in line for line in found.lines())


def test_tests_of_a_model_stand_beside_those_by_rule():
    """One that isn't for this function is dropped, one that is known already counts once."""
    found = judged(stand_alone(SOURCE), "openmp", choices(GOOD), ("13 0.5 [13]", "no test", "1 2 3 4"), seed=3)
    assert found.tests_by_model == 1
    assert "13 0.5 [13]" in found.tests


def test_ranks_prefer_what_more_is_known_of():
    """First the level, then the faulty versions told from it, then how often it was written, then likelihood."""
    ran = Choice(number=3, code="", level="run", mutants_killed=1, mutants_total=2)
    compiled = Choice(number=0, code="", level="compile", mutants_killed=2, mutants_total=2)
    often = Choice(number=2, code="", level="run", mutants_killed=1, mutants_total=2, times=4)
    assert sorted([compiled, ran, often], key=lambda c: c.rank, reverse=True) == [often, ran, compiled]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("void f(int n, double *x) { unknown(n, x); }\n", r"it doesn't build alone \(undefined reference to .unknown'\)"),
        ("void f(int n, int *x) { for (int i = 0; i <= n; i++) x[1 << 30] = i; }\n", "no test of it ran clean"),
        (
            "void f(int n, const int *at, double *x) { for (int i = 0; i < n; i++) x[100000 + 1000 * at[i]] = i; }\n",
            r"how long x \(an index rests on at\[i\]\) must be doesn't follow from its indices, and tests with guessed lengths were tried",
        ),
        ("int f(void) { int s = 0; for (int i = 0; i < 9; i++) s += i; return s; }\n", "it has no parameters that a test could set"),
        ("void f(int n, const double *x) { for (int i = 0; i < n; i++) (void)x[i]; }\n", "it returns nothing and is given no array"),
        ("void f(int n, double *x) { double s = 0; for (int i = 0; i < n; i++) s += x[i]; }\n", "writes to none of its arrays"),
    ],
)
def test_a_function_that_cannot_be_tested_is_one_line(source, words):
    """It is the function's fault, not the candidates'."""
    with pytest.raises(InputError, match=words):
        judged(stand_alone(source), "openmp", choices(GOOD), (), seed=3)


def test_a_guess_is_called_one():
    """Without a run nothing is known."""
    found = unverified("scale", "openmp", choices(SHORT, GOOD))
    assert found.chosen is not None
    assert found.chosen.code == SHORT
    assert "guess" in found.lines()[0]


def test_a_guess_that_shares_no_work_is_passed_over():
    """Its text shows that; where all are such, none is shown, and why is said."""
    found = unverified("scale", "openmp", choices(SERIAL, GOOD))
    assert found.chosen is not None
    assert found.chosen.code == GOOD
    none = unverified("scale", "openmp", choices(SERIAL))
    assert none.chosen is None
    assert "1 different candidates is whole and parallel (" in none.lines()[0]
    assert unverified("scale", "serial", choices(SERIAL)).chosen is not None


GUESS = "/* hpcraft: a guess of m, not verified; see hpcraft translate --verify */\n"


class Writer:
    """A model that answers what it is told to, with what the command asks of a `hpcraft.inference.Generator`."""

    def __init__(self, *codes):
        self.replies = [code if isinstance(code, Reply) else Reply(text=code, finish="end", prompt_tokens=100) for code in codes]

    is_own = True
    facts = ModelFacts(tasks=("openmp", "cuda", "cuda2c", "omp2c"), context=1024)
    asked: ClassVar[list[Any]] = []

    def translations(self, items, *, samples=1, temperature=0.0, **_):
        """The likeliest alone, or the others."""
        self.asked[:] = items
        return [self.replies[1 : samples + 1] if temperature else self.replies[:1] for _ in items]


@pytest.fixture
def writer(monkeypatch, tmp_path):
    """Puts a model of our own making in the place of a folder's."""

    def put(*codes):
        monkeypatch.setattr("hpcraft.inference.find_folder", lambda _: tmp_path)
        monkeypatch.setattr("hpcraft.inference.load", lambda _: Writer(*codes))
        (tmp_path / "k.c").write_text(SOURCE)
        return str(tmp_path / "k.c")

    return put


def test_the_command_prints_what_holds_and_its_evidence(writer, capsys):
    """The code goes to stdout, what is known of it to stderr."""
    file = writer(SHORT, GOOD)
    assert main(["translate", f"{file}:scale", "--to", "openmp", "--model", "m", "--samples", "2", "--verify"]) == 0
    printed = capsys.readouterr()
    assert printed.out == GOOD
    assert "refused: differs (1)" in printed.err


def test_the_command_prints_no_code_when_none_holds(writer, capsys):
    """The exit code is that of a failed gate."""
    file = writer(SHORT)
    assert main(["translate", file, "--to", "openmp", "--model", "m", "--verify"]) == 1
    assert capsys.readouterr().out.strip() == ""


def test_json_has_everything(writer, capsys):
    """For machines: the chosen one, and each candidate with its reason."""
    file = writer(SHORT, GOOD)
    assert main(["translate", file, "--to", "openmp", "--model", "m", "--samples", "2", "--verify", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["chosen"], value["function"], value["verified"]) == (1, "scale", True)
    assert {c["number"]: c["reason"] for c in value["choices"]} == {0: "differs", 1: ""}


def test_a_file_is_written_beside_and_not_overwritten(writer, capsys, tmp_path):
    """What is there stays unless it is said otherwise."""
    file = writer(GOOD)
    words = ["translate", file, "--to", "openmp", "--model", "m", "--beside"]
    assert main(words) == 0
    assert (tmp_path / "scale.omp.c").read_text() == GUESS + GOOD
    assert main(words) == 3
    assert "--force" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0


def test_a_diff_shows_what_is_new(writer, capsys):
    """Against the function as it stands alone."""
    file = writer(GOOD)
    assert main(["translate", file, "--to", "openmp", "--model", "m", "--diff"]) == 0
    assert "+#pragma omp parallel for" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("place", [[], ["--beside"], ["-o", "out.c"], ["--json"], ["--diff"]])
@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_a_guess_is_never_silent(writer, capsys, tmp_path, monkeypatch, place, quiet):
    """Code that nothing was run for says so at its head, and the command on stderr, also with --quiet."""
    monkeypatch.chdir(tmp_path)
    assert main(["translate", writer(GOOD), "--to", "openmp", "--model", "m", *place, *quiet]) == 0
    printed = capsys.readouterr()
    assert "is a guess that nothing was run for; add --verify" in printed.err
    if place in (["--beside"], ["-o", "out.c"]):
        assert (tmp_path / {"-o": "out.c", "--beside": "scale.omp.c"}[place[0]]).read_text() == GUESS + GOOD
    elif place == ["--json"]:
        assert json.loads(printed.out)["code"] == GUESS + GOOD
    elif not quiet:
        assert ("+" * bool(place) + GUESS) in printed.out


def test_what_is_verified_carries_no_comment_and_may_be_quiet(writer, capsys, tmp_path):
    """The word of a guess stands on guesses alone."""
    assert main(["translate", writer(GOOD), "--to", "openmp", "--model", "m", "--verify", "--quiet", "--beside"]) == 0
    assert (tmp_path / "scale.omp.c").read_text() == GOOD
    assert capsys.readouterr().err == ""


def test_the_name_of_a_model_cannot_end_the_comment(writer, capsys):
    """A folder may be called what it likes."""
    assert main(["translate", writer(GOOD), "--to", "openmp", "--model", "*/ int x; /*\n"]) == 0
    assert capsys.readouterr().out.partition("\n")[0].startswith("/* hpcraft: a guess of * / int x; /*?, not")


def test_a_function_that_the_model_cannot_see_whole_is_one_line(writer, capsys):
    """An empty answer would parse to the unchanged function."""
    assert main(["translate", writer(Reply(text="", finish="no-room", prompt_tokens=1300)), "--to", "openmp", "--model", "m"]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "scale: 1300 tokens with what it needs, and this model sees 1024 with its answer; give a shorter function" in printed.err


@pytest.mark.parametrize(
    ("prompt_tokens", "words"), [(100, "cut at --max-new-tokens 768; give more"), (1000, "cut at 24 tokens, which is what the function's")]
)
def test_answers_that_were_cut_are_counted_and_no_guess(writer, capsys, prompt_tokens, words):
    """The likeliest whole one is offered; where none is whole, none is."""
    cut = [Reply(text=text, finish="length", prompt_tokens=prompt_tokens) for text in (SHORT, SERIAL)]
    command = ["translate", "--to", "openmp", "--model", "m", "--samples", "3"]
    assert main([*command, writer(*cut, GOOD)]) == 0
    printed = capsys.readouterr()
    assert printed.out == GUESS + GOOD
    assert f"2 of 3 different candidates were {words}" in printed.err
    assert main([*command, writer(cut[0], cut[0], cut[0])]) == 1
    printed = capsys.readouterr()
    assert printed.out.strip() == ""
    assert f"1 of 1 different candidates was {words}" in printed.err
    assert "none of 1 different candidates is whole, so none is shown" in printed.err


def test_a_cut_answer_that_holds_is_taken_and_said_to_be_cut(writer, capsys):
    """With --verify it was run like every other."""
    assert main(["translate", writer(Reply(text=GOOD, finish="length")), "--to", "openmp", "--model", "m", "--verify"]) == 0
    printed = capsys.readouterr()
    assert printed.out == GOOD
    assert "written once, cut before its end" in printed.err


def test_a_model_that_fails_is_one_line(writer, capsys):
    """It is the machine that lacks something."""
    assert (
        main(["translate", writer(Reply(text="", finish="error", error="OutOfMemoryError: none")), "--to", "openmp", "--model", "m"]) == 4
    )
    assert "the model failed on scale (OutOfMemoryError: none)" in capsys.readouterr().err


def test_the_translator_that_comes_with_hpcraft_says_what_is_too_long(tmp_path, capsys):
    """Its own tokenizer counts."""
    pytest.importorskip("torch")
    file = tmp_path / "long.c"
    file.write_text(SOURCE.replace("x[i] = a * x[i];", f"{{ {'x[i] = a * x[i]; ' * 300}}}"))
    assert main(["translate", str(file), "--to", "cuda"]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "tokens with what it needs, and this model sees 1024 with its answer" in printed.err


def exit_code(words):
    """Of a command line, also where its parser leaves."""
    try:
        return main(words)
    except SystemExit as left:
        return left.code


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["none.c", "--to", "openmp", "--model", "m"], 3, "no such file"),
        (["k.f90", "--to", "openmp", "--model", "m"], 3, "expected a C file"),
        (["k.c:nothing", "--to", "openmp", "--model", "m"], 3, "no function nothing"),
        (["k.c", "--to", "openmp", "--model", "m", "--samples", "0"], 2, "give 1 or more"),
        (["k.c", "--to", "openmp", "--model", "m", "--max-new-tokens", "0"], 2, "give 1 or more"),
        (["k.c", "--to", "openmp", "--model", "m", "-o", "no/such/k.omp.c"], 3, "there is no folder no/such"),
        (
            ["either.c", "--to", "openmp", "--model", "m"],
            3,
            "scale, or what it needs, stands under #ifdef FAST; give the file as it is compiled",
        ),
        (["k.c", "--to", "mpi", "--model", "m"], 2, "invalid choice"),
        (["k.c", "--to", "openmp", "--model", "nowhere"], 3, "nowhere"),
    ],
)
def test_bad_input_is_one_line(words, code, told, tmp_path, monkeypatch, capsys):
    """Each before anything is loaded or run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "k.c").write_text(SOURCE)
    (tmp_path / "k.f90").write_text("end\n")
    (tmp_path / "either.c").write_text(
        f"#ifdef FAST\n#define TWO 2\n#else\n#define TWO 3\n#endif\n{SOURCE.replace('a * x', 'TWO * a * x')}"
    )
    assert exit_code(["translate", *words]) == code
    assert told in capsys.readouterr().err


@pytest.mark.ci
@pytest.mark.parametrize(("target", "sign"), [("cuda", "<<<"), ("openmp", "#pragma omp parallel for")])
def test_the_translator_that_comes_with_hpcraft_works_offline(tmp_path, capsys, target, sign):
    """Without --model, right after the installation: a simple loop is translated and holds."""
    pytest.importorskip("torch")
    file = tmp_path / "scale.c"
    file.write_text(SOURCE)
    assert main(["translate", str(file), "--to", target, "--verify"]) == 0
    found = capsys.readouterr()
    assert sign in found.out
    assert "1 of 1 different ones hold" in found.err


# ---------------------------------------------------------------- back to C

KERNEL = CUDA.partition("extern")[0]


@pytest.mark.parametrize(
    ("name", "text", "task", "serial"),
    [
        ("k.cu", CUDA, ("cuda2c", "void scale(int n, double a, double *x)"), SOURCE),
        ("k.cu", KERNEL, ("cuda2c", "void scale_kernel(int n, double a, double *x)"), SOURCE.replace("scale", "scale_kernel")),
        ("k.c", GOOD, ("omp2c", ""), SOURCE),
    ],
)
def test_cuda_and_openmp_go_back_to_c(writer, tmp_path, capsys, name, text, task, serial):
    """A host function with its kernel, a kernel alone and a function with threads: what each leaves behind decides which C holds."""
    writer(serial.replace("i < n", "i < n - 1"), serial)
    (tmp_path / name).write_text(text)
    assert main(["translate", str(tmp_path / name), "--to", "c", "--model", "m", "--samples", "2", "--verify"]) == 0
    printed = capsys.readouterr()
    assert printed.out == serial
    assert "refused: differs (1)" in printed.err
    assert ("its lines weren't counted" in printed.err) == (name == "k.cu")
    assert ("ran on the processor" in printed.err) == (name == "k.cu")
    assert Writer.asked[0][1:] == task


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("k.c", SOURCE, "no parallel directive of OpenMP"),
        ("k.cu", "int x;\n", "no function is defined here"),
        ("k.cu", CUDA + CUDA.replace("scale", "grow"), "several functions are defined here; name one behind a colon: scale, grow"),
        ("k.cu", KERNEL.replace("if (i < n) ", ""), "no rule can launch this kernel"),
        ("k.f90", "end\n", "expected a C or CUDA file"),
    ],
)
def test_what_cannot_go_back_is_one_line(writer, tmp_path, capsys, name, text, words):
    """C that is sequential already, nothing, too much, a kernel that nothing bounds, another language."""
    writer(SOURCE)
    (tmp_path / name).write_text(text)
    with pytest.raises(SystemExit) as stopped:
        raise SystemExit(main(["translate", str(tmp_path / name), "--to", "c", "--model", "m", "--verify"]))
    assert stopped.value.code == 3
    assert words in capsys.readouterr().err


def test_the_shipped_translator_goes_both_ways(tmp_path, capsys):
    """A kernel becomes a loop over what its guard lets through, and is called a guess."""
    pytest.importorskip("torch")
    (tmp_path / "k.cu").write_text(CUDA)
    assert main(["translate", str(tmp_path / "k.cu"), "--to", "c"]) == 0
    printed = capsys.readouterr()
    assert "for (int" in printed.out
    assert "threadIdx" not in printed.out
    assert "is a guess" in printed.err
