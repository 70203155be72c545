"""The vocabulary of the platforms: which names renaming keeps, because a language, a library or a parallel model owns them.

The lists in ``platforms/`` come from real headers (`platforms.collect`), each by kind: functions, types, values (variables,
enumerators, macros), members. They are read when first needed. Families with a prefix of their own are patterns.

One word may be both a function of a library and the commonest name of a variable (``index``, ``time``, ``data``). What decides:

- A name that nothing declares, in a text that includes platform headers only, must be theirs, or it wouldn't compile: every list counts.
- A name in a fragment, by what it is used as (``kind``): `ordinary` words, which real programs use as variables more often than
  as what the library means, count as functions and types only.
- A name that the text declares outside functions (``declared``): only a list of its own kind counts. A program that defines
  ``swap`` or ``dgemm_`` overloads or replaces the platform's; one that has a variable ``index`` doesn't.
- A name declared within a function is the program's own whatever it is called; nobody needs to ask here.

Fields go by `header_members`: ``name`` is kept where ``getopt.h`` or ``netdb.h`` has it, ``st_size`` everywhere. In C++ the names
of the library's own members are kept wherever they stand behind a dot, as nobody knows what is before it.
What stands behind ``MPI::`` is in ``names("mpi_cpp")``; its words, ``File`` and ``Send`` among them, are programs' own elsewhere.

Not covered: names of headers outside the lists; C++ members of one letter (parameters of distributions).
"""

from __future__ import annotations

import functools
import re
from importlib.resources import files

from hpcraft.tokenizer.keywords import (
    C_KEYWORDS,
    CPP_CONTEXTUAL,
    CPP_KEYWORDS,
    CUDA_QUALIFIERS,
    FORTRAN_ARGUMENTS,
    FORTRAN_CONTEXTUAL,
    FORTRAN_KEYWORDS,
    PREPROCESSOR,
)

RESERVED = re.compile(r"_[A-Z_]\w*|_m[m_]\w*|_k\w+_mask\d+|_[1-9]\d?")
"""What the standards reserve for compilers and libraries, the intrinsics of x86, and the placeholders of ``std::bind``."""

FAMILIES = re.compile(
    r"P?MPIX?_\w+|MPIO_\w+|OMPI_\w+|ompi_\w+|IMPI_\w+|OPEN_MPI|MPICH\w*|MVAPICH\w*|omp_\w+|OMP_\w+|ompt_\w+|ompx_\w+|kmp_\w+|KMP_\w+|acc_(?:device|async|property|notify|error)_\w+"
    r"|(?:cu|hip|roc)(?:blas|sparse|solver|fft|rand|dnn|tensor|dss)(?:Lt|Xt|Mg|Sp|Dn|Rf)?(?:_\w+|[A-Z]\w*)"
    r"|(?:CU|HIP|ROC)(?:BLAS|SPARSE|SOLVER|FFT|RAND|DNN|TENSOR)(?:LT)?_\w+|cuFloatComplex|cuDoubleComplex|nccl[A-Z]\w*|rccl[A-Z]\w*|NCCL_\w+"
    r"|nvrtc[A-Z]\w*|hiprtc[A-Z]\w*|nvtx[A-Z]\w*|roctx[A-Z]\w*|CUDART_\w+"
    r"|cblas_\w+|CBLAS_\w+|Cblas[A-Z]\w*|LAPACKE_\w+|LAPACK_\w+|lapack_\w+|clSVM\w+|fftw[flq]?_\w+|FFTW_\w+"
)
"""Names that belong to a library whoever writes them: their prefix is its namespace."""

LIKELY = re.compile(
    r"MPI|cuda[A-Z_]\w*|CUDA_\w+|cu[A-Z]\w*|CU[a-z_]\w*|hip[A-Z_]\w*|HIP_\w+|cl_\w+|CL_\w+|ACC_\w+|NVCL_\w+|CCCL_\w+|LIBCUDACXX_\w+|cl[A-Z]\w*(?:KHR|EXT|INTEL|_fn)|[a-z]\w*f128(?:_[lr])?"
)
"""Prefixes that programs use too, as in ``CUDA_CHECK``: a name that the text doesn't declare is taken for the library's."""

FORTRAN_FAMILIES = re.compile(
    r"p?mpix?_\w+|ompi_\w+|omp_\w+|ompx_\w+|acc_(?:device|async|property|notify)_\w+|cudafor|cu(?:blas|sparse|fft|rand|solver)[a-z_]\w*|hip(?:blas|fft)\w+"
    r"|d?fftwf?_\w+|_openmp|_openacc|__\w+"
)

CONFIGURING = re.compile(
    r"_(?:GNU|POSIX_C|POSIX|XOPEN|DEFAULT|BSD|SVID|ISOC\d\d|LARGEFILE|LARGEFILE64|ATFILE|DARWIN_C|NETBSD|ALL)_SOURCE|_FILE_OFFSET_BITS|_TIME_BITS|_REENTRANT"
    r"|_THREAD_SAFE|_XOPEN_SOURCE_EXTENDED|_FORTIFY_SOURCE|_USE_MATH_DEFINES|_CRT_\w+|_GLIBCXX_\w+|__\w+|NDEBUG|FD_SETSIZE|OMPI_SKIP_MPICXX"
    r"|MPICH_SKIP_MPICXX|CL_TARGET_OPENCL_VERSION|CL_HPP_\w+|CL_USE_DEPRECATED_\w+|CUDA_API_PER_THREAD_DEFAULT_STREAM|THRUST_\w+|WIN32_LEAN_AND_MEAN|NOMINMAX"
)
"""Macros that a program defines for headers to read; any other that it defines outside the lists is its own."""

KINDS = {"v": "variables", "f": "functions", "t": "types", "m": "members", "d": "macros", "l": "labels"}
"""The letters of canonical names, which say what a name is used as."""

_C_FAMILY = {
    "c": ("c", "lapack", "openmp", "openacc", "opencl", "cuda", "hip"),
    "cpp": ("c", "cpp", "thrust", "lapack", "openmp", "openacc", "opencl", "cuda", "hip"),
}
_C_FAMILY["cuda"] = _C_FAMILY["cpp"]
_FORTRAN = ("fortran", "lapack", "mpi", "openmp", "openacc")
_PARALLEL = frozenset(("mpi", "openmp", "openacc", "opencl", "cuda", "hip", "lapack"))
"""Platforms whose list without a kind holds functions."""


@functools.cache
def names(name: str) -> frozenset[str]:
    """The words of a list in ``platforms/``, such as ``c_types`` or ``mpi``; no list of that name is an empty one."""
    path = files("hpcraft.tokenizer") / "platforms" / f"{name}.txt"
    return frozenset(path.read_text(encoding="utf-8").split()) if path.is_file() else frozenset()


@functools.cache
def owned(language: str, kind: str) -> frozenset[str]:
    """The platforms' words of a language; Fortran's in lower case.

    Args:
        language: a `hpcraft.records.Language`.
        kind: ``functions``, ``types``, ``values`` or ``members``.
    """
    if language == "fortran":
        found = {word.lower() for platform in _FORTRAN for word in _of(platform, kind)}
        return frozenset(found | FORTRAN_ARGUMENTS if kind == "members" else found | names("modules_fortran") if kind == "types" else found)
    found = {word for platform in _C_FAMILY[language] for word in _of(platform, kind)}
    if kind == "functions":
        found |= {f"{word}_" for word in names("lapack")}
    return frozenset(found)


def _of(platform: str, kind: str) -> frozenset[str]:
    plain = names(platform) if kind == "functions" and platform in _PARALLEL else frozenset()
    return plain | names(f"{platform}_{kind}")


@functools.cache
def ordinary() -> frozenset[str]:
    """Words of the lists that programs mostly use for variables and macros of their own, by count (`platforms.usage`)."""
    return names("ordinary")


@functools.cache
def header_members(headers: frozenset[str], language: str) -> frozenset[str]:
    """Ordinary words that are fields of structures in some headers, such as ``name`` in ``getopt.h``.

    Args:
        headers: what the text includes.
        language: ``cuda`` has ``cuda_runtime.h`` without including it, and any header of CUDA or HIP stands for it.
    """
    read = set(headers)
    if language == "cuda" or read & (names("headers_cuda") | names("headers_hip")):
        read.add("cuda_runtime.h")
    pairs = (pair.rpartition(":") for pair in names("c_members_by_header") | names("cuda_members_by_header"))
    return frozenset(word for header, _, word in pairs if header in read)


@functools.cache
def _keywords(language: str) -> frozenset[str]:
    if language == "fortran":
        return FORTRAN_KEYWORDS
    return {"c": C_KEYWORDS, "cpp": CPP_KEYWORDS, "cuda": CPP_KEYWORDS | frozenset(CUDA_QUALIFIERS)}[language]


@functools.lru_cache(maxsize=1 << 16)
def is_kept(word: str, language: str, *, kind: str = "", declared: bool = False, headers: frozenset[str] = frozenset()) -> bool:
    """Whether renaming keeps a name that isn't declared within a function.

    Args:
        word: as spelt.
        language: ``c``, ``cpp``, ``cuda`` or ``fortran``, which doesn't mind case.
        kind: a letter of `KINDS`: what the name is used as. Empty where only a platform can have declared it: nothing in the text
            does, and the text includes platform headers; also behind ``std::``.
        declared: the text declares it itself, outside functions.
        headers: what the text includes, of which the fields that are ordinary words come; matters to ``m`` alone.
    """
    if language == "fortran":
        return _is_kept_fortran(word.lower(), kind, declared)
    if word in _keywords(language):
        return True
    if kind == "l":
        return False
    if kind == "m" and word in header_members(headers, language):
        return True
    if FAMILIES.fullmatch(word):
        return True
    if declared:
        return _is_kept_declared(word, language, kind)
    if RESERVED.fullmatch(word) or LIKELY.fullmatch(word):
        return True
    return word in _undeclared(language, kind)


def _is_kept_declared(word: str, language: str, kind: str) -> bool:
    if kind == "d":
        return CONFIGURING.fullmatch(word) is not None or word in _macros(language)
    if word.startswith("__"):
        return True
    return word in owned(language, {"v": "values", "f": "functions", "t": "types", "m": "members"}.get(kind, "functions"))


def _is_kept_fortran(low: str, kind: str, declared: bool) -> bool:
    if FORTRAN_FAMILIES.fullmatch(low):
        return True
    if kind == "m":
        return low in owned("fortran", "members") and not declared
    if low in FORTRAN_KEYWORDS and not (kind and low in FORTRAN_CONTEXTUAL):
        return kind != "l" or low not in FORTRAN_CONTEXTUAL
    if declared or kind == "l":
        # A program's own procedure of an intrinsic's name replaces it; one of LAPACK's is the same to whoever links it.
        return kind == "f" and low in names("lapack")
    return low in _undeclared("fortran", kind)


@functools.cache
def _macros(language: str) -> frozenset[str]:
    return (owned(language, "values") | owned(language, "functions")) - ordinary()


@functools.cache
def _undeclared(language: str, kind: str) -> frozenset[str]:
    """What counts for a name that the text doesn't declare."""
    values, functions, types = (owned(language, name) for name in ("values", "functions", "types"))
    if kind == "m":
        return owned(language, "members") | (types if language != "c" else frozenset())
    if language == "fortran":
        # An intrinsic without brackets is an argument at most; as a variable it is the program's own.
        return {
            "v": values,
            "d": values,
            "t": types | values,
            "f": functions | types,
            "": values | functions | types | owned(language, "members"),
        }[kind]
    everything = values | functions | types
    if not kind:
        return everything | owned(language, "members") | PREPROCESSOR | (CPP_CONTEXTUAL if language != "c" else frozenset())
    # A name of one letter in a fragment is never a type of the library's.
    return everything - (ordinary() if kind in "vd" else {word for word in everything if kind == "t" and len(word) == 1})


@functools.cache
def platform_headers(language: str) -> frozenset[str]:
    """The headers, or in Fortran the modules and include files, that the lists cover."""
    if language == "fortran":
        return names("modules_fortran")
    lists = ("headers_c", "headers_parallel", "headers_cuda", "headers_hip", *(("headers_cpp",) if language != "c" else ()))
    return frozenset().union(*(names(name) for name in lists))


def is_platform_header(name: str, language: str) -> bool:
    """Whether the lists hold all that a header declares: what stands between the brackets of an include, or behind Fortran's ``use``."""
    return (name.lower() if language == "fortran" else name) in platform_headers(language)


def _in_order(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MPI_COMMON = _in_order("""
MPI_Comm MPI_COMM_WORLD MPI_Comm_rank MPI_Comm_size MPI_Finalize MPI_Init MPI_Allreduce MPI_SUM MPI_INT MPI_DOUBLE MPI_Bcast MPI_MAX
MPI_Status MPI_Datatype MPI_Barrier MPI_Request MPI_Send MPI_Abort MPI_Recv MPI_SUCCESS MPI_Irecv MPI_COMM_NULL MPI_Reduce MPI_Comm_free
MPI_Wtime MPI_Wait MPI_UNDEFINED MPI_CHAR MPI_INTEGER MPI_Comm_split MPI_Fint MPI_MIN MPI_Isend MPI_Comm_f2c MPI_STATUS_SIZE
MPI_Allgather MPI_ANY_SOURCE MPI_File MPI_IN_PLACE MPI_Gather MPI_COMM_SELF MPI_ANY_TAG MPI_Waitall MPI_Comm_dup MPI_BYTE
MPI_STATUS_IGNORE MPI_DOUBLE_PRECISION MPI_Scan MPI_Op MPI_SOURCE MPI_Group MPI_Info MPI_Offset MPI_INFO_NULL MPI_Initialized
MPI_Allgatherv MPI_Get_count MPI_Gatherv MPI_REPLACE MPI_Aint MPI_Type_contiguous MPI_Type_commit MPI_Type_free MPI_FLOAT
MPI_REQUEST_NULL MPI_Waitany MPI_Alltoall MPI_LAND MPI_Op_create MPI_Unpack MPI_LOR MPI_Op_free MPI_Test MPI_Comm_group
MPI_DOUBLE_COMPLEX MPI_Iprobe MPI_REAL MPI_INTEGER8 MPI_Finalized MPI_Comm_create MPI_STATUSES_IGNORE MPI_Init_thread MPI_COMPLEX
MPI_Group_free MPI_MAXLOC MPI_File_open MPI_LONG MPI_Group_incl MPI_File_close MPI_MINLOC MPI_Alltoallv MPI_Scatter MPI_UNSIGNED
MPI_Scatterv MPI_Sendrecv MPI_THREAD_MULTIPLE MPI_Request_free MPI_Cart_rank MPI_Error_string MPI_Probe MPI_Cart_create MPI_Rsend
MPI_UNSIGNED_LONG MPI_Get_processor_name MPI_Iallreduce MPI_TAG MPI_Errhandler MPI_MODE_RDONLY MPI_Reduce_scatter
MPI_MAX_PROCESSOR_NAME MPI_Ssend MPI_DOUBLE_INT MPI_LONG_LONG MPI_Pack MPI_PACKED MPI_File_set_view MPI_Exscan MPI_THREAD_FUNNELED
MPI_LOGICAL MPI_Cart_shift MPI_Cart_coords MPI_Dims_create MPI_Type_vector MPI_Win MPI_PROD
""")
"""Names of MPI by the number of files that use them in 19 Debian packages of scientific software (`platforms.usage`); the last line by judgement."""
