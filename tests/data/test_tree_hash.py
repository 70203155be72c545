"""The hash of the syntax tree: what it doesn't see, and what it does."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcraft.data.syntax import captures, grammar_of, parse
from hpcraft.data.tree_hash import lexemes, tree_hash
from hpcraft.data.units import cut_units
from hpcraft.tokenizer.lexer import lex
from tests.data.documents import document

C = r"""
/* hypre: struct_axpy.c, shortened */
static HYPRE_Int
Axpy(HYPRE_Complex alpha, const Vec *xv, Vec *yv, MPI_Comm comm)
{
   HYPRE_Int i, ndim = 3; // dimensions
   double total = 0.0, part = 1e-3, *xp = xv->data;
#ifdef HYPRE_USING_OPENMP
#pragma omp parallel for private(i) reduction(+:part) HYPRE_SMP_SCHEDULE
#endif
   for (i = 0; i < ndim * 2 + 1; i++)
   {
      yv->data[i] += alpha * xp[i] - sqrt(part);
      part = (xp[i] > 0.5 && i != 2) ? part + fabs(xp[i]) : part;
   }
   MPI_Allreduce(&part, &total, 1, MPI_DOUBLE, MPI_SUM, comm);
   if (total < 0) { printf("negative: %g\n", total); return 'n'; }
   return hypre_error_flag;
}
"""
CPP = r"""
namespace dealii {
// A vector.
template <typename Number>
inline Vector<Number>::Vector(const size_type n) : size_(n), values(nullptr)
{
  static_assert(sizeof(Number) > 2, "too small");
  std::vector<std::vector<Number>> rows(n);
  for (const auto &row : rows) { values = row.begin() + n % 7; Kokkos::fence(); }
  auto less = [&](Number a, Number b) -> bool { return a < b || !b; };
  std::sort(rows.begin(), rows.end(), less);
}
}
"""
CUDA = r"""
__global__ void kernel(int count, float *out)
{
  __shared__ float tile[32];
  int where = blockIdx.x * blockDim.x + threadIdx.x; /* here */
  if (where < count) atomicAdd(&out[where], tile[threadIdx.y]);
  __syncthreads();
}
void start(int count, float *out, cudaStream_t stream)
{
  kernel<<<(count + 31) / 32, 32, 0, stream>>>(count, out);
  cudaStreamSynchronize(stream);
}
"""
FORTRAN = r"""
! quicktimes
module solver
  use mpi
  implicit none
contains
  subroutine Smooth(field, width, comm)
    integer, intent(in) :: width, comm
    real(8), intent(inout) :: field(width)
    integer :: k, ierr ! counters
    character(len=8) :: label = 'it''s'
!$omp parallel do private(k) &
!$omp& schedule(static)
    do k = 2, width - 1
      field(k) = 0.25d0 * field(k-1) + .5 * sqrt(abs(field(k))) - 1
    end do
    if (field(1) > 2.5e-3 .and. width /= 7) then
      call MPI_Bcast(field, width, MPI_DOUBLE_PRECISION, 0, comm, ierr)
    else
      write(*, *) label, field(width)
    end if
  end subroutine
end module
"""
TEXTS = {"c": C, "cpp": CPP, "cuda": CUDA, "fortran": FORTRAN}
LANGUAGES = tuple(TEXTS)

_LIBRARY = re.compile(
    r"(?i:mpi\w*|omp_\w+|cuda\w+|sqrt|fabs|abs|printf|std|kokkos|atomicadd|__\w+|sizeof|threadidx|blockidx|blockdim|[xyz])|"
    r"vector|sort|fence|begin|end|size_t|len|label"
)


def names(language: str, text: str) -> list[str]:
    """The names of the text's own, by its tree."""
    kinds = ["identifier"] if language != "fortran" else ["identifier", "name"]
    if language != "fortran":
        kinds += ["field_identifier", "type_identifier"]
    query = " ".join(f"({kind}) @x" for kind in kinds)
    nodes = captures(grammar_of(language, text), f"[{query.replace(' @x', '')}] @x", parse(language, text)).get("x", [])
    found = dict.fromkeys((node.text or b"").decode() for node in nodes)
    return [name for name in found if not _LIBRARY.fullmatch(name)]


def renamed(text: str, new: dict[str, str]) -> str:
    """The text with words replaced, comments and strings too, which doesn't matter."""
    return re.sub(r"[A-Za-z_]\w*", lambda found: new.get(found[0], found[0]), text)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(LANGUAGES), st.randoms(use_true_random=False))
def test_names_do_not_count(language: str, rng: random.Random) -> None:
    """Renaming one name to one name keeps the hash, also where names change places."""
    text = TEXTS[language]
    old = names(language, text)
    assert len(old) >= 5
    fresh = rng.sample([f"name{i}" for i in range(99)], len(old)) if rng.random() < 0.5 else rng.sample(old, len(old))
    assert tree_hash(language, renamed(text, dict(zip(old, fresh, strict=True)))) == tree_hash(language, text)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(LANGUAGES), st.randoms(use_true_random=False))
def test_a_name_in_the_wrong_place_counts(language: str, rng: random.Random) -> None:
    """One occurrence of a name replaced by another name of the text changes the hash."""
    text = TEXTS[language]
    own = names(language, text)
    tokens = lex(text, language)
    code = "".join(t.text if t.kind != "comment" else "" for t in tokens)
    places = [m for m in re.finditer(r"[A-Za-z_]\w*", code) if m[0] in own and len(re.findall(rf"(?i)\b{m[0]}\b", code)) > 1]
    place = rng.choice(places)
    other = rng.choice([name for name in own if name.lower() != place[0].lower()])
    changed = code[: place.start()] + other + code[place.end() :]
    assert tree_hash(language, code) == tree_hash(language, text)
    assert tree_hash(language, changed) != tree_hash(language, text)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(LANGUAGES), st.randoms(use_true_random=False))
def test_literals_comments_and_layout_do_not_count(language: str, rng: random.Random) -> None:
    """Other numbers and strings, other or no comments, blanks and line breaks anywhere."""
    changed: list[str] = []
    comment = "! odd 'comment'\n" if language == "fortran" else rng.choice(["/* if (x) { */", '// odd "\n'])
    in_directive = False
    for token in lex(TEXTS[language], language):
        in_directive = (in_directive or token.text == "#" or token.text.startswith("!$")) and token.kind != "newline"
        if in_directive:
            changed.append(token.text)
        elif token.kind == "number":
            changed.append(rng.choice(["7", "12", "3.25"]) if language != "fortran" else rng.choice(["7", "12"]))
        elif token.kind == "string":
            changed.append(rng.choice(["'a'", "'b'"]) if token.text[0] == "'" else rng.choice(['"%d, \\t"', '""', '"//"']))
        elif token.kind == "comment":
            changed.append(" ")
        elif token.kind == "space":
            changed.append(
                rng.choice([" ", "\t", "   ", *([" & \n  ", " &\n & "] if language == "fortran" else ["\n", f" {comment} ", " \\\n"])])
            )
        elif token.kind == "newline":
            changed.append(rng.choice(["\n", "\n\n  ", f" {comment}", f"\n{comment}"]) + ("\n" if comment[-1] != "\n" else ""))
        else:
            changed.append(token.text)
    text = "".join(changed)
    assert lexemes(language, text) == lexemes(language, TEXTS[language])
    assert tree_hash(language, text) == tree_hash(language, TEXTS[language])


@pytest.mark.parametrize(
    ("language", "old", "new"),
    [
        ("c", "+= alpha", "-= alpha"),
        ("c", "2 + 1", "2 - 1"),
        ("c", "&&", "||"),
        ("c", "MPI_SUM", "MPI_MAX"),
        ("c", "MPI_Allreduce(&part", "MPI_Reduce(&part"),
        ("c", "sqrt(", "cbrt("),
        ("c", "double total", "float total"),
        ("c", "static HYPRE_Int", "HYPRE_Int"),
        ("c", "reduction(+:part)", "reduction(*:part)"),
        ("c", "private(i)", "private(part)"),
        ("c", "parallel for", "for"),
        ("c", "return hypre_error_flag;", ""),
        ("c", "(&part, &total", "(&total, &part"),
        ("c", "xv->data", "xv.data"),
        ("c", "i++)", "++i)"),
        ("c", "#ifdef", "#ifndef"),
        ("cpp", "std::sort", "std::stable_sort"),
        ("cpp", "n % 7", "n / 7"),
        ("cpp", "inline ", ""),
        ("cpp", "const auto &row", "auto &row"),
        ("cpp", "Kokkos::fence()", "Kokkos::finalize()"),
        ("cuda", "tile[threadIdx.y]", "tile[threadIdx.x]"),
        ("cuda", "__syncthreads", "__syncwarp"),
        ("cuda", "32, 0, stream", "32, 0"),
        ("cuda", "__shared__ ", ""),
        ("fortran", "intent(in)", "intent(out)"),
        ("fortran", ".and.", ".or."),
        ("fortran", "- 1\n", "+ 1\n"),
        ("fortran", "sqrt(", "exp("),
        ("fortran", "schedule(static)", "schedule(dynamic)"),
        ("fortran", "MPI_Bcast", "MPI_Ibcast"),
        ("fortran", "real(8)", "integer(8)"),
        ("fortran", "      write(*, *) label, field(width)\n", ""),
    ],
)
def test_operators_keywords_libraries_and_structure_count(language: str, old: str, new: str) -> None:
    """What a reader would call other code."""
    text = TEXTS[language]
    assert old in text
    assert tree_hash(language, text.replace(old, new, 1)) != tree_hash(language, text)


def test_fortran_minds_no_case_and_no_spelling_of_end() -> None:
    """``END DO``, ``enddo``, continued lines and semicolons are layout."""
    text = FORTRAN.upper().replace("END DO", "enddo").replace("END IF", "ENDIF")
    text = text.replace(" = 0.25D0 *", " = 0.25D0 & ! here\n\n    & *").replace("PRIVATE(K) &\n!$OMP&", "PRIVATE(K)")
    assert tree_hash("fortran", text) == tree_hash("fortran", FORTRAN)


def test_a_unit_hashes_alone_as_in_its_document() -> None:
    """So that a function of a benchmark is found in the corpus."""
    for path, language in (("a.c", "c"), ("a.cpp", "cpp"), ("a.cu", "cuda"), ("a.f90", "fortran")):
        found = cut_units(document(path, TEXTS[language]))
        assert found
        assert [tree_hash(language, unit.text) for unit in found] == [unit.tree_sha256 for unit in found]


@pytest.mark.ci
@pytest.mark.parametrize(
    "text",
    [
        "int x = " + "(" * 100_000 + "1" + ")" * 100_000 + ";",
        "int f() { return " + "+".join("a" * 60_000) + "; }",
        "void f() { " + "if (a) " * 30_000 + "; }",
        "{" * 150_000,
        "/*" + "*" * 100_000,
        '"' + "\\" * 99_999,
        "a " * 50_000 + "/" * 50_000,
        "#pragma omp " + "(" * 50_000,
        "/*" * 50_000,
        'R"(' * 30_000,
    ],
)
def test_deep_and_broken_texts_have_a_hash(text: str) -> None:
    """Neither a tree as deep as it is long nor an endless token may end the process or take long."""
    for language in LANGUAGES:
        assert re.fullmatch("[0-9a-f]{64}", tree_hash(language, text))


def test_very_long_texts_are_known_by_their_lexemes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit of printing."""
    monkeypatch.setattr("hpcraft.data.tree_hash.MAX_TREE_BYTES", 1000)
    text = "int f(int a) { return a + 1; }\n" * 400
    assert tree_hash("c", text) == tree_hash("c", text.replace("1;", "2; /* two */"))
    assert tree_hash("c", text) != tree_hash("c", text.replace("+", "-", 1))


def test_empty_texts_have_a_hash() -> None:
    """Nothing is something."""
    assert tree_hash("c", "") == tree_hash("c", " \n/* nothing */\n") != tree_hash("c", ";")
