"""Our CodeBLEU: its laws on real code of every language, and the package where that is right and where it is wrong."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hpcraft.eval.kernels
from hpcraft.data.syntax import parse, parser
from hpcraft.errors import InputError, MachineError
from hpcraft.eval.code_bleu import flow, ngrams, package
from hpcraft.eval.code_bleu.flow import COMES, COMPUTED, Edge
from hpcraft.eval.code_bleu.lexemes import lexemes, words
from hpcraft.eval.code_bleu.parallelism import Shape, shape, shape_similarity, word_similarity
from hpcraft.eval.code_bleu.score import codebleu_hpc, parts, score_pair
from hpcraft.eval.code_bleu.subtrees import Subtrees, depth, match_counts
from hpcraft.tokenizer.rename import rename

_FOLDER = Path(hpcraft.eval.kernels.__file__).parent / "references"
_LANGUAGES = {"c": "c", "cpp": "cpp", "cu": "cuda", "f90": "fortran"}
NAMES = [
    f"{kernel}.{model}" for kernel in ("gemm", "jacobi", "spmv") for model in ("serial.c", "openmp.cpp", "mpi.c", "cuda.cu", "mpi.f90")
]
needs_package = pytest.mark.skipif(not package.is_installed(), reason=f"codebleu is not installed; {package.INSTALL}")
WORDS = st.lists(st.sampled_from(["for", "int", "x", "y", "(", ")", "=", "1"]), min_size=8, max_size=30)


def code(name):
    """A reference solution and its language."""
    return (_FOLDER / name).read_text(), _LANGUAGES[name.rpartition(".")[2]]


def four(reference, candidate, language):
    """The parts of one pair by name."""
    found = parts(np.array(score_pair(reference, candidate, language).counts))
    return dict(zip(("ngram", "weighted", "syntax", "flow"), map(float, found), strict=True))


def edges(text, language):
    """The edges of a text as triples."""
    return Counter(flow.edges(parse(language, text), language))


# ---------------------------------------------------------------- laws


@pytest.mark.parametrize("name", NAMES)
def test_equal_texts_score_one(name):
    """Every part is 1, and both figures are."""
    text, language = code(name)
    assert four(text, text, language) == dict.fromkeys(("ngram", "weighted", "syntax", "flow"), 1.0)
    assert score_pair(text, text, language).parableu_hpc == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_renaming_keeps_structure_and_flow(name):
    """The tokenizer's own renaming gives every name another: words differ, syntax and data flow don't."""
    text, language = code(name)
    renamed = rename(text, language).text
    found = four(text, renamed, language)
    assert renamed != text
    assert found["ngram"] < 1.0
    assert found["syntax"] == 1.0
    assert found["flow"] == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_layout_and_comments_say_nothing(name):
    """Other blanks, and a comment in front, leave the score at 1."""
    text, language = code(name)
    comment = "! words of no meaning\n" if language == "fortran" else "/* words of no\n meaning */\n"
    assert float(codebleu_hpc(np.array(score_pair(text, comment + text.replace("  ", "   "), language).counts))) == 1.0


@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 400), st.text(max_size=20))
@settings(max_examples=40, deadline=None)
def test_scores_lie_between_nought_and_one(one, other, cut, noise):
    """Whatever the candidate is: code of another language, cut anywhere, with noise in it."""
    text, language = code(one)
    candidate = code(other)[0]
    pair = score_pair(text, candidate[:cut] + noise + candidate[cut + 50 :], language)
    assert 0.0 <= float(codebleu_hpc(np.array(pair.counts))) <= 1.0
    assert 0.0 <= pair.parallelism <= 1.0
    assert 0.0 <= pair.parableu_hpc <= 1.0


@pytest.mark.parametrize("language", ["c", "cpp", "cuda", "fortran"])
def test_nothing_scores_nothing(language):
    """An empty answer is 0, and so is one without a common word."""
    text = code(next(n for n in NAMES if code(n)[1] == language))[0]
    assert float(codebleu_hpc(np.array(score_pair(text, "", language).counts))) == 0.0
    assert float(codebleu_hpc(np.array(score_pair(text, "qqq", language).counts))) < 0.05


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3), st.integers(0, 3))
def test_likeness_of_parallelism_has_no_direction(depth_a, depth_b, axes_a, axes_b):
    """The same from both sides, 1 for equal shapes."""
    a, b = Shape(depth_a, axes_a), Shape(depth_b, axes_b)
    assert shape_similarity(a, b) == shape_similarity(b, a)
    assert (shape_similarity(a, b) == 1.0) == (a == b)


@pytest.mark.parametrize("other", ["gemm.serial.c", "jacobi.openmp.cpp", "spmv.mpi.c"])
def test_parallel_words_have_no_direction(other):
    """F1 doesn't ask which is the reference; code without any parallel word has none in common with parallel code."""
    a, b = lexemes(*code("gemm.openmp.cpp")), lexemes(*code(other))
    assert word_similarity(a, b) == word_similarity(b, a)
    assert word_similarity(lexemes(*code("gemm.serial.c")), lexemes(*code("jacobi.serial.c"))) == 1.0
    assert word_similarity(a, lexemes(*code("gemm.serial.c"))) == 0.0


def test_deep_texts_are_read():
    """Nests of a hostile depth meet no limit of recursion."""
    text = "void f(int y) { int x = " + "(" * 10_000 + "y" + ")" * 10_000 + "; }"
    assert score_pair("void f(int y) { int x = y; }", text, "c").counts[-2:] == (2.0, 2.0)
    assert score_pair("int a;", "a = " * 5_000, "c").counts


def test_what_cannot_be_compared_is_refused():
    """Another language, and an empty reference."""
    with pytest.raises(InputError, match="python"):
        score_pair("x", "x", "python")
    with pytest.raises(InputError, match="empty"):
        score_pair(" /* only words */ ", "x", "c")


# ---------------------------------------------------------------- words


def test_words_know_what_they_are():
    """Directives, launches, MPI and run-time calls are the parallel model's; a variable called ``host`` isn't."""
    text = "#pragma omp target map(to: host)\nfor (;;) host = omp_get_wtime() + MPI_Wtime();\n"
    kinds: dict[str, set[str]] = {}
    for lexeme in lexemes(text, "c"):
        kinds.setdefault(lexeme.text, set()).add(lexeme.kind)
    assert kinds["target"] == kinds["omp"] == kinds["omp_get_wtime"] == kinds["MPI_Wtime"] == {"parallel"}
    assert kinds["for"] == {"keyword"}
    assert "" in kinds["host"]
    launch = {lexeme.text: lexeme.kind for lexeme in lexemes("k<<<n, 1>>>(x); cudaMalloc(&x, threadIdx.x);", "cuda")}
    assert launch["<<<"] == launch["cudaMalloc"] == launch["threadIdx"] == "parallel"
    fortran = lexemes("!$OMP parallel do &\n!$omp& private(i)\nDO i = 1, &\n  & N\nif (a .EQ. b) call MPI_Send(x)\n", "fortran")
    assert words(fortran)[:8] == ["!$omp", "parallel", "do", "private", "(", "i", ")", "do"]
    assert {lexeme.text: lexeme.kind for lexeme in fortran} == {
        **dict.fromkeys(("!$omp", "parallel", "private", "mpi_send"), "parallel"),
        **dict.fromkeys(("do", "if", "call", ".eq."), "keyword"),
        **dict.fromkeys(("(", ")", "i", "=", "1", ",", "n", "a", "b", "x"), ""),
    }


def test_short_texts_leave_long_orders_out():
    """Two equal words score 1; the package's smoothing would make it 0.1 to the half."""
    counts = ngrams.precision_counts(["return", ";"], ["return", ";"])
    assert float(ngrams.score(np.array(counts))) == 1.0


def test_ngrams_by_hand():
    """Four words of which the last differs: 3/4, 2/3, 1/2, and 0.1 of 1."""
    counts = np.array(ngrams.precision_counts(list("abce"), list("abcd")))
    assert list(counts) == [3, 2, 1, 0, 4, 3, 2, 1, 4, 4]
    assert float(ngrams.score(counts)) == pytest.approx((0.75 * 2 / 3 * 0.5 * 0.1) ** 0.25)
    weighted = ngrams.recall_counts(["for", "x"], ["for"], lambda word: 1.0 if word == "for" else 0.2)
    assert weighted[0] == 1.0
    assert weighted[4] == 1.2


# ---------------------------------------------------------------- data flow


def test_flow_of_declarations_and_assignments():
    """The values of declarations count, as copies or as computed; a literal comes from nowhere."""
    assert edges("int f(int a) { int b = a; int c = 1; return b + c; }", "c") == {
        Edge("0", COMES, "0"): 1,
        Edge("1", COMES, "0"): 1,
        Edge("1", COMES, "1"): 1,
        Edge("2", COMES, "2"): 1,
    }
    assert edges("void f(int a) { int b = a + 2; b += a; b++; }", "c")[Edge("1", COMPUTED, "0")] == 2
    assert edges("void f(int a) { int b = a + 2; }", "c") == edges("void f(int a) { int b; b = a + 2; }", "c")


def test_flow_enters_a_loop_with_its_own_values():
    """The read of ``s`` before its assignment comes from the round before; without the loop it comes from nowhere."""
    loop = edges("void f(int n, int *x) { int s, i; for (i = 0; i < n; i++) { x[i] = s; s = i; } }", "c")
    alone = edges("void f(int i, int *x) { int s; x[i] = s; s = i; }", "c")
    assert loop[Edge("2", COMES, "2")] == 1
    assert loop[Edge("1", COMES, "2")] == loop[Edge("2", COMES, "3")] == 1
    assert alone == {Edge("0", COMES, "0"): 2, Edge("1", COMES, "2"): 1, Edge("2", COMES, "0"): 1}


def test_flow_knows_scopes():
    """Two loops with a ``j`` each are as with two names; a parameter's place counts, not its name."""
    twice = "void f(int n, int *x) {{ for (int {0} = 0; {0} < n; {0}++) x[{0}] = 0; for (int {1} = 0; {1} < n; {1}++) x[{1}] = {1}; }}"
    assert edges(twice.format("j", "j"), "c") == edges(twice.format("j", "k"), "c")
    assert edges("int f(int a, int b) { return a; }", "c") != edges("int f(int a, int b) { return b; }", "c")
    assert edges("int f(int a) { { int a = 1; g(a); } return a; }", "c") == edges("int f(int a) { { int b = 1; g(b); } return a; }", "c")


def test_flow_of_calls_and_addresses():
    """What is handed over by address is computed from the other arguments; library names stay what they are."""
    found = edges("void f() { int r; MPI_Comm_rank(MPI_COMM_WORLD, &r); if (r) g(r); }", "c")
    assert found[Edge("0", COMPUTED, "MPI_COMM_WORLD")] == 1
    assert found[Edge("0", COMES, "0")] == 2


def test_flow_of_cuda():
    """An index from the built-in variables, and arguments of a launch."""
    kernel = "__global__ void k(int n, float *x) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] = 2; }"
    found = edges(kernel, "cuda")
    assert {e.source for e in found if e.relation == COMPUTED} == {"blockIdx", "blockDim", "threadIdx"}
    launch = edges("void h(int n, float *d) { k<<<n / 256, 256>>>(n, d); }", "cuda")
    assert launch == {Edge("0", COMES, "0"): 2, Edge("1", COMES, "1"): 1}


def test_flow_of_cpp():
    """Range loops, structured bindings, methods, lambdas."""
    found = edges("void f(V v) { int s = 0; for (auto &e : v) s += e; auto [a, b] = g(s); v.push(b); }", "cpp")
    assert found[Edge("2", COMPUTED, "0")] == 1  # e from v
    assert found[Edge("1", COMPUTED, "2")] == 1  # s from e
    assert found[Edge("3", COMPUTED, "1")] == found[Edge("4", COMPUTED, "1")] == 1  # a and b from s


def test_flow_of_fortran():
    """Case says nothing, an array isn't a function, a loop's variable comes from its bounds."""
    text = (
        "subroutine s(n, x, y)\n real :: x(n), y(n), t\n do i = 1, N\n  t = f(X(i)) + max(y(i), 0.0)\n  Y(i) = T\n end do\nend subroutine\n"
    )
    found = edges(text, "fortran")
    assert {(e.target, e.source) for e in found if e.relation == COMPUTED} == {("4", "0"), ("3", "1"), ("3", "4"), ("3", "2")}
    assert found[Edge("2", COMES, "3")] == 1  # y from t
    assert edges(text, "fortran") == edges(text.upper(), "fortran")
    concurrent = edges("subroutine s(n)\n do concurrent (i = 1:n)\n  a(i) = i\n end do\nend subroutine\n", "fortran")
    assert Edge("1", COMPUTED, "0") in concurrent


# ---------------------------------------------------------------- syntax and shape


def test_directives_are_part_of_the_syntax():
    """A directive that is left out or has another clause lowers the match in C and in Fortran, though the grammars don't read it."""
    for body, sentinel, language in (
        ("void f(int n, int *x) {{\n{}for (int i = 0; i < n; i++) x[i] = 0;\n}}\n", "#pragma omp", "c"),
        ("subroutine s(n, x)\n{}do i = 1, n\n x(i) = 0\nend do\nend subroutine\n", "!$omp", "fortran"),
    ):
        gold = body.format(f"{sentinel} parallel {'do' if language == 'fortran' else 'for'} private(i)\n")
        without, other = body.format(""), gold.replace("private(i)", "private(i) shared(x)")
        assert four(gold, gold, language)["syntax"] == 1.0
        assert four(gold, without, language)["syntax"] < four(gold, other, language)["syntax"] < 1.0


def test_depth():
    """Levels below the root."""
    assert depth(parse("c", "")) == 0
    assert depth(parse("c", "int x = ((1));")) == depth(parse("c", "int x = 1;")) + 2


def test_matches_are_clipped():
    """Three equal statements aren't found in one."""
    shapes = Subtrees()
    three, one = (shapes.of_tree(parse("c", t)) for t in ("void f() { x = 1; x = 1; x = 1; }", "void f() { x = 1; }"))
    assert match_counts(three, one) == [4.0, 11.0]  # the function's head, its parameters, and one of three statements of two nodes


def test_shapes():
    """Depth of loops, axes of a grid, loops that a directive shares out together."""
    assert shape(parse("c", "void f() { for (;;) while (1) ; }"), "", "c") == Shape(2, 0)
    kernel = "__global__ void k() { int i = threadIdx.x + blockIdx.x, j = threadIdx.y; }"
    assert shape(parse("cuda", kernel), kernel, "cuda") == Shape(0, 2)
    collapsed = "void f() {\n#pragma omp parallel for collapse(2)\nfor (;;) for (;;) ;\n}"
    assert shape(parse("c", collapsed), collapsed, "c") == Shape(2, 2)
    concurrent = "do concurrent (i = 1:n, j = 1:n)\n a(i, j) = 0\nend do\nend\n"
    assert shape(parse("fortran", concurrent), concurrent, "fortran") == Shape(1, 2)


# ---------------------------------------------------------------- the package


@needs_package
@given(WORDS, WORDS)
@settings(max_examples=60, deadline=None)
def test_ngrams_agree_with_the_package(reference, candidate):
    """On words cut at blanks, with the package's keywords, both n-gram parts are the package's."""
    theirs = package.package_parts(" ".join(reference), " ".join(candidate), "c")
    ours = float(ngrams.score(np.array(ngrams.precision_counts(reference, candidate))))
    weighted = ngrams.recall_counts(reference, candidate, lambda word: 1.0 if word in ("for", "int") else 0.2)
    assert ours == pytest.approx(theirs["ngram"])
    assert float(ngrams.score(np.array(weighted))) == pytest.approx(theirs["weighted-ngram"])


@needs_package
@pytest.mark.parametrize("suffix", ["c", "cpp"])
def test_syntax_agrees_with_the_package(suffix):
    """On C and C++ without directives, but that a subtree of the reference is found there as often as it likes."""
    texts = [path.read_text() for path in sorted(_FOLDER.glob(f"*.serial.{suffix}"))[:6]]
    for reference in texts:
        for candidate in texts:
            shapes = Subtrees()
            gold, answer = (shapes.of_tree(parser(suffix).parse(t.encode()).root_node) for t in (reference, candidate))
            unclipped = sum(count for number, count in gold.items() if number in answer) / gold.total()
            assert package.package_parts(reference, candidate, suffix)["syntax"] == pytest.approx(unclipped)
            matched, total = match_counts(gold, answer)
            assert matched / total <= unclipped


@needs_package
def test_the_package_misses_declarations():
    """``int b = a + 2`` gives it no edge from b to a: a wrong value goes unseen there, and is seen here."""
    right = "int f ( int a , int c ) { int b = a + 2 ; return b ; }"
    wrong = "int f ( int a , int c ) { int b = c + 2 ; return b ; }"
    assert package.package_parts(right, wrong, "c")["data-flow"] == 1.0
    assert four(right, wrong, "c")["flow"] < 1.0


@needs_package
def test_the_package_counts_no_match_as_full():
    """A data-flow match of 0 adds a quarter, as if it were 1."""
    found = package.package_parts("void f ( int a ) { g ( a ) ; }", "int x ;", "c")
    assert found["data-flow"] == 0.0
    mean = sum(found[part] for part in ("ngram", "weighted-ngram", "syntax")) / 4
    assert found["codebleu"] == pytest.approx(mean + 0.25)


@needs_package
def test_the_package_reads_launches_as_comparisons():
    """In the C++ grammar a launch is no node of its own; ours is that of CUDA."""
    text = "void h ( int n , float * d ) { k <<< n , 256 >>> ( n , d ) ; }"
    assert "kernel_call_syntax" not in str(parser("cpp").parse(text.encode()).root_node)
    assert "kernel_call_syntax" in str(parse("cuda", text))
    assert package.package_parts(text, text, "cuda")["codebleu"] == 1.0


@needs_package
def test_the_package_gives_the_same_in_every_process(monkeypatch):
    """Its score hangs on the order of sets; in our process of its own that order is fixed, whatever the hash seed here."""
    reference, candidate = (code(name)[0] for name in ("spmv.serial.c", "gemm.serial.c"))
    found = set()
    for seed in ("1", "2", "3"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        package._worker.cache_clear()
        found.add(package.package_parts(reference, candidate, "c")["data-flow"])
    assert len(found) == 1


@needs_package
def test_the_package_forgets_brevity_in_weighted_words():
    """Half of a text is compared with the number 2 there, and has no penalty; its plain n-grams have one."""
    text = "for ( int x = 1 ; x ; x ) for ( int x = 1 ; x ; x ) ;"
    found = package.package_parts(text, " ".join(text.split()[:11]), "c")
    assert found["weighted-ngram"] > 0.4 > found["ngram"]


@needs_package
def test_the_package_cuts_at_blanks():
    """Blanks alone lower its score; they don't lower ours."""
    text, squeezed = "void f ( int a ) { a = a + 1 ; return a ; }", "void f(int a){a=a+1;return a;}"
    assert package.package_parts(text, squeezed, "c")["ngram"] < 0.2
    assert four(text, squeezed, "c")["ngram"] == 1.0


def test_the_package_knows_no_fortran():
    """It says so in one line, as it does where the package is missing."""
    with pytest.raises(InputError, match="codebleu-hpc"):
        package.package_parts("x = 1", "x = 1", "fortran")


@pytest.mark.skipif(package.is_installed(), reason="codebleu is installed")
def test_a_missing_package_says_how_to_get_it():
    """The command that installs it beside our tree-sitter."""
    with pytest.raises(MachineError, match="--no-deps"):
        package.package_parts("x", "x", "c")
