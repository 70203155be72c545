"""What the platforms own is kept, as compilers see it; what programs own is not."""

from __future__ import annotations

import re
import shutil
import string
import subprocess
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.tokenizer import vocabulary
from hpcraft.tokenizer.constructs import CLAUSE_WORDS, CLAUSES, CONSTRUCTS, DIRECTIVE_WORDS, FREQUENT_WORDS
from hpcraft.tokenizer.keywords import CUDA_BUILTINS, CUDA_QUALIFIERS, FORTRAN_CONTEXTUAL, FORTRAN_FREQUENT, FORTRAN_KEYWORDS
from hpcraft.tokenizer.lexer import LANGUAGES, lex
from hpcraft.tokenizer.vocabulary import MPI_COMMON, header_members, is_kept, is_platform_header, names, platform_headers

LISTS = sorted(
    path.name.removesuffix(".txt") for path in (files("hpcraft.tokenizer") / "platforms").iterdir() if path.name.endswith(".txt")
)
WORD = re.compile(r"[A-Za-z_]\w*")


def words_of(command: list[str], text: str) -> set[str]:
    """The words in what a preprocessor makes of a text, strings left out."""
    done = subprocess.run([*command, "-E", "-P", "-"], input=text, capture_output=True, text=True, check=True)
    return set(WORD.findall(re.sub(r'"(?:\\.|[^"\\])*"', "", done.stdout)))


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_in_order(name: str) -> None:
    """A list is sorted, names each word once, and keeps its lines short, so that a change shows in a diff."""
    text = (files("hpcraft.tokenizer") / "platforms" / f"{name}.txt").read_text(encoding="utf-8")
    words = text.split()
    assert words == sorted(set(words))
    assert max(map(len, text.splitlines())) <= 150


@pytest.mark.parametrize(
    ("command", "headers"),
    [
        (["gcc", "-D_GNU_SOURCE", "-x", "c"], "headers_c"),
        pytest.param(
            ["mpicc", "-fopenmp", "-x", "c"],
            "headers_parallel",
            marks=pytest.mark.skipif(shutil.which("mpicc") is None, reason="mpicc is not installed"),
        ),
    ],
)
def test_compilers_declare_no_name_that_is_renamed(command: list[str], headers: str) -> None:
    """Whatever word of the headers isn't kept can be declared anew beside them: no header declares it, and it is no macro."""
    # The shortest first: mpi-ext.h needs mpi.h.
    text = "".join(f"#if __has_include(<{header}>)\n#include <{header}>\n#endif\n" for header in sorted(names(headers), key=len))
    words = words_of(command, text)
    assert {"size_t", "printf"} & words
    renamed = sorted(word for word in words if not is_kept(word, "c"))
    again = "".join(f"#ifdef {word}\n#error {word}\n#endif\ntypedef struct anew *{word};\n" for word in renamed)
    done = subprocess.run(
        [*command, "-fsyntax-only", "-fmax-errors=0", "-"], input=text + again, capture_output=True, text=True, check=False
    )
    assert not [line for line in done.stderr.splitlines() if "error" in line]


@pytest.mark.ci
def test_the_cpp_library_has_no_name_that_is_renamed() -> None:
    """No word of the standard headers that isn't kept is a member of namespace std or of the common ones within."""
    command = ["g++", "-std=gnu++20", "-D_GLIBCXX_USE_TBB_PAR_BACKEND=0", "-x", "c++"]
    text = "#include <bits/stdc++.h>\n"
    words = words_of(command, text)
    assert {"vector", "push_back", "unordered_map"} <= words
    renamed = sorted(word for word in words if not is_kept(word, "cpp"))
    spaces = ("std", "std::chrono", "std::filesystem", "std::ranges", "std::this_thread", "std::placeholders", "std::numbers", "std::views")
    lines = [f"namespace p {{ using {space}::{word}; }}" for space in spaces for word in renamed]
    command = [*command, "-fsyntax-only", "-fmax-errors=0", "-"]
    done = subprocess.run(command, input=text + "\n".join(lines), capture_output=True, text=True, check=False)
    refused = {int(line) - 2 for line in re.findall(r"^<stdin>:(\d+):\d+: error", done.stderr, re.MULTILINE)}
    assert [line for place, line in enumerate(lines) if place not in refused] == []


PROGRAMS = {
    "c": (
        """
#include <pthread.h>
#include <sys/stat.h>
#include <getopt.h>
#include <netinet/in.h>
#include <mpi.h>
#include <cblas.h>
static const struct option options[] = {{.name = "n", .has_arg = required_argument, .flag = NULL, .val = 'n'}};
int main(int argc, char **argv) {
    struct stat seen; struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = INADDR_ANY};
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; MPI_Status status;
    if (fstat(STDIN_FILENO, &seen) || !S_ISREG(seen.st_mode)) { fprintf(stderr, "%s %zu %" PRId64, strerror(errno), sizeof(int64_t), INT64_MAX); }
    while (getopt_long(argc, argv, "n:", options, &optind) != -1) pthread_mutex_lock(&lock);
    MPI_Recv(&seen, 1, MPI_BYTE, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &status); clock_gettime(CLOCK_MONOTONIC, &(struct timespec){.tv_sec = 1});
    cblas_daxpy(1, 1., NULL, 1, NULL, 1); dgemm_(0); return status.MPI_TAG + sqrtf(M_PI) + omp_get_max_threads() + isnan(NAN);
}""",
        "options main argc argv seen address lock status n zu PRId64 s",
    ),
    "cuda": (
        """
#include <thrust/device_vector.h>
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
__global__ void __launch_bounds__(256) kernel(float4 *x, int n) {
    extern __shared__ float tile[]; auto block = cg::this_thread_block(); auto warp = cg::tiled_partition<32>(block);
    int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) atomicAdd(&x[i].w, __shfl_down_sync(0xffffffff, tile[i % warpSize], 1));
    block.sync(); tile[warp.thread_rank()] = fmaf(rsqrtf(__ldg(&x[i].y)), __sinf(1.f), erfcinvf(2.f)); __syncthreads();
}
int main() {
    cudaDeviceProp properties; cudaGetDeviceProperties(&properties, 0); std::cout << properties.name << properties.multiProcessorCount << std::endl;
    thrust::device_vector<double> values(10); kernel<<<dim3(1), dim3(2), 0, cudaStreamDefault>>>(thrust::raw_pointer_cast(values.data()), 10);
    cublasHandle_t handle; CUBLAS_OP_N; curandGenerateUniform(0, 0, 0); std::vector<std::pair<int, float2>> list; list.emplace_back(1, make_float2(0, 1));
    std::sort(list.begin(), list.end(), [](auto const &a, auto const &b) { return a.first < b.first; }); std::unordered_map<std::string, size_t>::iterator at;
    return cudaSuccess == cudaMemcpyAsync(0, 0, 0, cudaMemcpyHostToDevice) ? std::numeric_limits<int>::max() : hipErrorInvalidValue;
}""",
        "cg kernel x n tile block warp i main properties values handle list a b at f",
    ),
    "fortran": (
        """
program main
  use, intrinsic :: iso_c_binding, only: c_int, c_ptr, c_loc, c_f_pointer, c_null_char, c_bool
  use iso_fortran_env, only: real64, int32, output_unit, error_unit, iostat_end
  use mpi_f08
  use omp_lib, only: omp_get_wtime
  implicit none
  real(REAL64), allocatable, contiguous :: a(:,:)
  type(mpi_comm) :: world
  logical(c_bool) :: flag
  allocate(a(10, 10), source=0.0_real64, stat=i, errmsg=text)
  call random_number(HARVEST=a); call system_clock(count=i, count_rate=i); call move_alloc(from=a, to=b)
  write(unit=output_unit, fmt='(a)', advance='no', iostat=i) adjustl(trim(text)), maxval(a, dim=1, mask=a > tiny(a)), sum(merge(a, -a, a .gt. 0))
  call mpi_allreduce(MPI_IN_PLACE, a, size(a), MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, i); call dgemm('n'); call zheev('n')
  do concurrent (i = lbound(a, 1):ubound(a, 1)); a(i, :) = dot_product(a(i, :), ieee_value(a, ieee_quiet_nan)) + dsqrt(dble(i)) + dmin1(1d0, 2d0); end do
  if (present(text) .and. associated(p) .or. is_iostat_end(i)) error stop; select case (selected_real_kind(15)); case default; end select
end program main""",
        "main a world flag i text b p d0 d1 n",
    ),
}
"""Per language a program, and the words in it that are its own or none of the code's."""


@pytest.mark.parametrize("language", sorted(PROGRAMS))
def test_every_foreign_name_of_a_program_is_kept(language: str) -> None:
    """In a program over platform headers, what it doesn't declare is kept, members included; what it declares is named here."""
    text, own = PROGRAMS[language]
    headers = frozenset(re.findall(r"#include <(.*?)>", text))
    tokens = [token for token in lex(text, language) if token.kind not in ("space", "newline", "include", "comment")]
    for before, token in pairwise(tokens):
        if token.kind == "word" and token.text.lower() not in own.lower().split():
            member = "m" if before.text in (".", "->") and language != "fortran" else ""
            assert is_kept(token.text, language, kind=member, headers=headers), (token.text, member)


KEPT, OWN = True, False


@pytest.mark.parametrize(
    ("word", "language", "asked", "expected"),
    [
        # An ordinary word is a variable of a fragment's own, and the library's where it is called or certain.
        ("index", "c", {"kind": "v"}, OWN),
        ("index", "c", {"kind": "f"}, KEPT),
        ("index", "c", {}, KEPT),
        ("time", "c", {"kind": "v"}, OWN),
        ("y0", "c", {"kind": "v"}, OWN),
        ("data", "cpp", {"kind": "v"}, OWN),
        ("count", "cpp", {"kind": "v"}, OWN),
        ("stderr", "c", {"kind": "v"}, KEPT),
        ("M_PI", "c", {"kind": "v"}, KEPT),
        ("endl", "cpp", {"kind": "v"}, KEPT),
        ("vector", "cpp", {"kind": "t"}, KEPT),
        ("dim3", "cuda", {"kind": "t"}, KEPT),
        # Fields: ordinary words by header, the others always.
        ("name", "c", {"kind": "m"}, OWN),
        ("name", "c", {"kind": "m", "headers": frozenset(["getopt.h"])}, KEPT),
        ("name", "c", {"kind": "m", "declared": True}, OWN),
        ("tv_sec", "c", {"kind": "m"}, KEPT),
        ("x", "c", {"kind": "m"}, OWN),
        ("x", "cuda", {"kind": "m"}, KEPT),
        ("x", "cpp", {"kind": "m", "headers": frozenset(["cuda_runtime.h"])}, KEPT),
        ("push_back", "cpp", {"kind": "m"}, KEPT),
        # What a text declares outside functions is the platform's only in its own kind.
        ("index", "c", {"kind": "v", "declared": True}, OWN),
        ("dgemm_", "c", {"kind": "f", "declared": True}, KEPT),
        ("swap", "cpp", {"kind": "f", "declared": True}, KEPT),
        ("cudaCheck", "cuda", {"kind": "d", "declared": True}, OWN),
        ("cudaCheck", "cuda", {"kind": "f"}, KEPT),
        ("MIN", "c", {"kind": "d", "declared": True}, OWN),
        ("MATRIX_H_", "c", {"kind": "d", "declared": True}, OWN),
        ("_MATRIX_H", "c", {"kind": "d", "declared": True}, OWN),
        ("_GNU_SOURCE", "c", {"kind": "d", "declared": True}, KEPT),
        ("NDEBUG", "c", {"kind": "d", "declared": True}, KEPT),
        ("main", "c", {"kind": "f", "declared": True}, KEPT),
        ("out", "c", {"kind": "l"}, OWN),
        # Fortran reserves no word.
        ("sum", "fortran", {"kind": "v"}, OWN),
        ("Sum", "fortran", {"kind": "f"}, KEPT),
        ("sum", "fortran", {"kind": "f", "declared": True}, OWN),
        ("name", "fortran", {"kind": "v"}, OWN),
        ("status", "fortran", {}, KEPT),
        ("DIM", "fortran", {"kind": "m"}, KEPT),
        ("dim", "fortran", {"kind": "v"}, OWN),
        ("subroutine", "fortran", {"kind": "v"}, KEPT),
        ("c_ptr", "fortran", {"kind": "t"}, KEPT),
        ("iso_c_binding", "fortran", {"kind": "t"}, KEPT),
        ("daxpy", "fortran", {"kind": "f", "declared": True}, KEPT),
        ("MPI_Allreduce", "fortran", {"kind": "f"}, KEPT),
        # Languages are kept apart.
        ("push_back", "c", {}, OWN),
        ("template", "c", {"kind": "v"}, OWN),
        ("subroutine", "c", {}, OWN),
        ("printf", "fortran", {}, OWN),
    ],
)
def test_what_a_word_is_used_as_decides(word: str, language: str, asked: dict[str, object], expected: bool) -> None:
    """Each rule of the module's head, by example."""
    assert is_kept(word, language, **asked) == expected


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", "vtdl")
def test_no_letter_is_frozen(language: str, kind: str) -> None:
    """A variable, type or label of one letter is always the program's own in a fragment."""
    assert not [letter for letter in string.ascii_letters if is_kept(letter, language, kind=kind)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_common_names_of_variables_are_not_frozen(language: str) -> None:
    """The names that programs give to variables most often stay theirs in a fragment."""
    common = (
        "a b c i j k l m n p q r s t u v w x y z ii nx ny nz tmp temp sum res result size data index count value err "
        "error id rank start step val arr array buf buffer len length max min list node mask flag alpha beta gamma dx "
        "dy dt it iter nrows ncols row col src dst lda"
    )
    frozen = [word for word in common.split() if is_kept(word, language, kind="v")]
    assert not set(frozen) - {"it"}


@given(
    word=st.sampled_from(sorted(vocabulary.owned("fortran", "functions") | FORTRAN_KEYWORDS)),
    kind=st.sampled_from(["", *"vftmdl"]),
    data=st.data(),
)
def test_fortran_minds_no_case(word: str, kind: str, data: st.DataObject) -> None:
    """A word is kept in every spelling of upper and lower case, or in none."""
    upper = data.draw(st.lists(st.booleans(), min_size=len(word), max_size=len(word)))
    spelt = "".join(letter.upper() if up else letter for letter, up in zip(word, upper, strict=True))
    assert is_kept(spelt, "fortran", kind=kind) == is_kept(word, "fortran", kind=kind)


def test_headers_that_the_lists_cover() -> None:
    """Platform headers are told from a program's and other libraries'; Fortran's modules in any case."""
    for name, language in (
        ("stdio.h", "c"),
        ("vector", "cpp"),
        ("cuda_runtime.h", "cuda"),
        ("mpi.h", "c"),
        ("ISO_C_Binding", "fortran"),
        ("mpi", "fortran"),
    ):
        assert is_platform_header(name, language), name
    for name, language in (("petsc.h", "c"), ("vector", "c"), ("helper_cuda.h", "cuda"), ("netcdf", "fortran"), ("boost/array.hpp", "cpp")):
        assert not is_platform_header(name, language), name
    assert platform_headers("c") < platform_headers("cpp") == platform_headers("cuda")


def test_fields_come_with_their_headers() -> None:
    """A header brings what the headers that it includes declare; any of CUDA brings the vectors' fields."""
    assert {"quot", "rem"} <= header_members(frozenset(["stdlib.h"]), "c")
    assert "name" not in header_members(frozenset(["stdlib.h"]), "c")
    assert {"x", "pitch", "height"} <= header_members(frozenset(["cublas_v2.h"]), "cpp")


def test_directives_are_whole() -> None:
    """All words of all constructs and clauses that the parser of directives knows are words of directives, OpenMP 6's and OpenACC's among them."""
    known = {word for table in (CONSTRUCTS, CLAUSES) for entries in table.values() for name in entries for word in name.split()}
    assert known <= set(DIRECTIVE_WORDS)
    assert {"grainsize", "taskgraph", "declare_target", "stripe", "host_data", "deviceptr", "vector_length", "if_present"} <= set(
        DIRECTIVE_WORDS
    )
    assert {"tofrom", "monotonic", "inscan", "mutexinoutset", "devnum", "alwaysin", "ref_ptee"} <= set(CLAUSE_WORDS)
    for words in (DIRECTIVE_WORDS, CLAUSE_WORDS):
        assert list(words) == sorted(set(words))


def test_words_for_the_tokenizer_are_kept_by_renaming() -> None:
    """What may become a token of its own is never renamed; the calls among MPI's are functions of its list."""
    assert all(is_kept(word, "cuda", kind="v") for word in (*CUDA_QUALIFIERS, *CUDA_BUILTINS, *MPI_COMMON))
    calls = {word for word in MPI_COMMON if re.fullmatch(r"MPI_[A-Z][a-z]+_?\w*", word)}
    kinds = ["Comm", "Status", "Datatype", "Request", "Fint", "File", "Op", "Group", "Info", "Offset", "Aint", "Errhandler", "Win"]
    assert calls - {f"MPI_{kind}" for kind in kinds} <= names("mpi")
    assert len(MPI_COMMON) == len(set(MPI_COMMON)) >= 120
    assert FORTRAN_CONTEXTUAL <= FORTRAN_KEYWORDS


def test_what_is_measured_is_known() -> None:
    """The words whose cost a tokenizer's report tells are of the languages."""
    assert {*DIRECTIVE_WORDS, *CLAUSE_WORDS} >= FREQUENT_WORDS
    assert FORTRAN_FREQUENT <= FORTRAN_KEYWORDS
