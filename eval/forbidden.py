"""What an answer may not contain, whatever the task: tricks on the harness, the compiler, the sanitizers.

It looks at the text that the compiler sees (attributes, pragmas, assembly, macros), at the includes, and at the object's symbols. Each
refusal names what it found. Hints, intrinsics, qualifiers, helper functions, templates and tables are nobody's business.
Not covered: what is computed by data, such as an address that is made of numbers; the sandbox stands behind this.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from hpcraft.data.parallel.c_text import strip, with_operators
from hpcraft.data.parallel.outline import words
from hpcraft.data.target_models import TARGET_MODELS
from hpcraft.eval import forbidden_python
from hpcraft.eval.code_scan import blank
from hpcraft.eval.forbidden_builds import CHARACTER, STRINGS, tells_apart
from hpcraft.eval.forbidden_symbols import asks_for, defines
from hpcraft.eval.seen import Seen, differs

_ATTRIBUTES: dict[str, str] = {
    r"no_sanitize\w*|no_address_safety_analysis|disable_sanitizer_instrumentation|no_profile_instrument_function": "hides code from the sanitizers",
    r"optimize|optnone|noipa": "changes how single functions are optimised",
    r"constructor|destructor|init_priority": "runs code before or after the calls",
    r"section|code_seg": "puts code or data into a section of its own",
    r"weak|weakref|weak_import|alias|ifunc|symver|dllexport": "makes symbols stand for others",
    r"naked|interrupt|signal": "leaves the calling convention",
}
_PRAGMAS: tuple[tuple[str, str], ...] = (
    (
        r"GCC\s+optimize|clang\s+optimize|clang\s+fp\b|float_control|fenv_access|fp_contract|STDC\s+CX_LIMITED_RANGE|optimize\b",
        "changes how code is optimised",
    ),
    (r"clang\s+attribute", "gives attributes by a pragma"),
    (r"weak\b|redefine_extname|init\b|fini\b|GCC\s+init|alloc_text|code_seg|section\b", "makes symbols stand for others"),
    (r"GCC\s+system_header|clang\s+system_header|push_macro|pop_macro", "hides code from who reads it"),
    (r"omp\b.*\b(?:match|when)\s*\(.*\b(?:implementation|vendor|extension)\b", "tells compilers apart"),
)
_KEYWORDS = words(
    "double float int long short char void const unsigned signed return for while do if else switch case break continue goto default sizeof static extern"
    " struct union enum typedef volatile bool _Bool size_t true false class template typename public private namespace using operator new delete"
    " int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t ptrdiff_t NAN INFINITY main memcmp memcpy memset memmove malloc free calloc write"
    " printf exit _exit fequal clock_gettime omp_get_wtime MPI_Wtime omp_get_thread_num omp_get_num_threads omp_get_max_threads MPI_Comm_rank"
    " MPI_Comm_size MPI_COMM_WORLD _OPENMP __cplusplus"
)
_DEVICE_NAMES = words(
    "threadIdx blockIdx blockDim gridDim warpSize dim3 uint3 cudaError_t cudaSuccess cudaStream_t cudaEvent_t cudaMalloc cudaMallocManaged cudaMallocHost"
    " cudaHostAlloc cudaMallocAsync cudaMallocPitch cudaFree cudaFreeHost cudaFreeAsync cudaMemcpy cudaMemcpyAsync cudaMemcpy2D cudaMemcpyToSymbol"
    " cudaMemcpyFromSymbol cudaMemset cudaMemsetAsync cudaMemcpyHostToDevice cudaMemcpyDeviceToHost cudaMemcpyDeviceToDevice cudaMemcpyDefault"
    " cudaDeviceSynchronize cudaThreadSynchronize cudaStreamSynchronize cudaEventSynchronize cudaStreamCreate cudaStreamDestroy cudaEventCreate"
    " cudaEventRecord cudaEventElapsedTime cudaEventDestroy cudaGetLastError cudaPeekAtLastError cudaGetErrorString cudaSetDevice cudaGetDevice"
    " cudaGetDeviceProperties cudaLaunchKernel cudaLaunchCooperativeKernel __global__ __device__ __host__ __shared__ __constant__ __managed__"
    " __launch_bounds__ __syncthreads __syncwarp __threadfence __CUDACC__ __CUDA_ARCH__ atomicAdd atomicSub atomicMin atomicMax atomicExch atomicCAS"
    " __shfl_sync __shfl_down_sync __shfl_up_sync __shfl_xor_sync __ballot_sync __any_sync __all_sync"
)
"""What CUDA itself has; macros of other names that begin with ``cuda`` are helpers such as ``cudaCheck``."""
_BUILTINS = re.compile(
    r"\b__builtin_(?:frame_address|return_address|extract_return_addr|setjmp|longjmp|apply|apply_args|return|eh_return|unwind_init|dwarf_\w+|stack_address)\b"
)
_ASSEMBLY = re.compile(r"\b(?:asm|__asm|__asm__)\b")
_DEVICE = re.compile(r"\b__(?:global|device)__\b")
_INCLUDE = re.compile(r"^[ \t]*(?:#|%:)[ \t]*(include|include_next|import|embed)\b[ \t]*([^\n]*)", re.MULTILINE)
_LINES = re.compile(r"^[ \t]*(?:#|%:)[ \t]*(?:line\b|\d)", re.MULTILINE)
_DEFINE = re.compile(r"^[ \t]*(?:#|%:)[ \t]*(?:define|undef)[ \t]+(\w+)", re.MULTILINE)
_PRAGMA = re.compile(r"^[ \t]*(?:#|%:)[ \t]*pragma[ \t]+([^\n]*)", re.MULTILINE)
_BRACKET = re.compile(r"([()\[\]{}])")
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".cu", ".cuh", ".f90", ".s", ".S", ".o", ".a", ".so", ".bin")
_FORTRAN = (
    (r"^[ \t]*include\s*['\"](?:/|[^'\"]*\.\.)", "includes a file by its path"),
    (r"^[ \t]*!(?:gcc|dir)\$\s*attributes\b[^\n]*\b(?:weak|dllexport|alias|constructor)\b", "makes symbols stand for others"),
)
_TWO_COMPILERS = ("openmp", "mpi+openmp", "offload", "openacc")
_COMPILER = re.compile(r"\bcompiler_(?:options|version)\b", re.IGNORECASE)
_CONTINUED = re.compile(r"&[ \t]*\n[ \t]*&?")
_HARNESS = re.compile(r"\b(?:hpcraft|HPCRAFT|__SANITIZE_|__has_feature)\w*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Symbols:
    """What the linker sees of an answer and of the harness beside it."""

    undefined: Collection[str]
    defined: Mapping[str, str]
    harness_undefined: Collection[str] = ()
    """What the harness calls."""
    harness_defined: Collection[str] = ()


def check(model: str, language: str, code: str, *, entry: str, seen: str = "", symbols: Symbols | None = None) -> str:
    """Return ``pass``, or ``fail: why``.

    Args:
        model: the model that was asked for.
        language: ``c``, ``cpp``, ``fortran`` or ``python``.
        code: the answer.
        entry: the function that is called.
        seen: the answer as its preprocessor leaves it (`hpcraft.eval.seen`), where that is something else.
        symbols: those of the object; None when they are not known.
    """
    if language == "python":
        why = forbidden_python.check(code)
        return f"fail: {why}" if why else "pass"
    if language == "fortran":
        why = _fortran(code)
    else:
        stripped = strip(code)
        why = _includes(stripped) or text(seen or code, model) or (tells_apart(stripped, language) if model in _TWO_COMPILERS else "")
    if not why and symbols is not None:
        why = asks_for(symbols.undefined, seen or code, model, set(symbols.harness_defined) - {entry})
        why = why or defines(symbols.defined, seen or code, entry, set(symbols.harness_undefined) - {entry})
    return f"fail: {why}" if why else "pass"


def names_the_harness(code: str) -> str:
    """Which name of the harness an answer knows, or by which a build for the race detector is told from another one; empty for none."""
    found = _HARNESS.search(strip(code))
    return f"names what is the harness's ({found[0]})" if found else ""


def trick(target_model: str, code: str, entry: str) -> str:
    """Which trick on compilers or checks a translation plays; empty for none.

    Args:
        target_model: a key of `hpcraft.data.target_models.TARGET_MODELS`.
        code: the translation.
        entry: the function that is called.
    """
    kind = TARGET_MODELS[target_model]
    verdict = check(kind.model, kind.task_language, code, entry=entry)
    return "" if verdict == "pass" else verdict.removeprefix("fail: ")


def text(code: str, model: str) -> str:
    """What is wrong with code in C, C++ or CUDA that a compiler sees; empty when nothing is."""
    stripped = with_operators(strip(code))
    for pragma in _PRAGMA.findall(stripped):
        for pattern, reason in _PRAGMAS:
            if re.match(pattern, pragma.strip()):
                return f"{reason} (#pragma {pragma.strip()[:60]})"
    taken = _KEYWORDS | _DEVICE_NAMES if model == "cuda" else _KEYWORDS
    if defined := next((name for name in _DEFINE.findall(stripped) if name in taken), ""):
        return f"gives {defined} another meaning"
    bare = STRINGS.sub('""', stripped)
    for attribute in _attributes(bare):
        for pattern, reason in _ATTRIBUTES.items():
            if found := re.search(rf"(?<![\w.])(?:__)?({pattern})(?:__)?(?!\w)", attribute):
                return f"{reason} (attribute {found[1]})"
    if (found := _BUILTINS.search(bare)) is not None:
        return f"looks at the stack of who calls it ({found[0]})"
    if _has_assembly(bare, model):
        return "holds inline assembly"
    return ""


def hides(code: str, plain: Seen, checked: Seen, model: str) -> str:
    """Why the program that the race detector sees isn't the one that was judged; empty where it is."""
    if where := differs(code, plain, checked):
        return f"the race detector would see other code than the judge ({where} of the answer)"
    return text(checked.text, model)


def _includes(stripped: str) -> str:
    if _LINES.search(stripped):
        return "renames its lines (#line)"
    for word, rest in _INCLUDE.findall(stripped):
        match = re.match(r'^(?:<([^>\n]+)>|"([^"\n]+)")', rest)
        if word != "include" or match is None:
            return f"includes what can't be read from its text (#{word} {rest[:40]})"
        name = match[1] or match[2]
        if match[1] and re.match(r"(?:cub|thrust)/(?:\w+/)*\w+\.cuh$", name):
            continue  # how these libraries call their headers
        if name.startswith(("/", "~")) or ".." in name.split("/"):
            return f"includes a file by its path ({name[:60]})"
        if name.endswith(_SOURCES):
            return f"includes a source ({name[:60]})"
    return ""


def _attributes(bare: str) -> Iterator[str]:
    """The insides of ``__attribute__((...))``, ``[[...]]`` and ``__declspec(...)``."""
    for match in re.finditer(r"\b__attribute(?:__)?\s*\(|\b__declspec\s*\(", bare):
        depth, at = 1, match.end()
        while depth and at < len(bare):
            depth += {"(": 1, ")": -1}.get(bare[at], 0)
            at += 1
        yield bare[match.end() : at]
    yield from _bracketed(bare)


def _bracketed(bare: str) -> Iterator[str]:
    """The lists of attributes in ``[[...]]`` without what each is given: there ``weak`` may be a variable, as in ``[[assume(weak > 0)]]``."""
    pieces = _BRACKET.split(CHARACTER.sub("0", bare).replace("<:", "[").replace(":>", "]"))
    open_lists: list[list[str]] = []
    in_lists: list[bool] = []
    for at, piece in enumerate(pieces):
        if piece in ("(", "[", "{"):
            # Neither language has two brackets in a row elsewhere.
            in_lists.append(piece == "[" and at >= 2 and pieces[at - 2] == "[" and not pieces[at - 1].strip())
            open_lists.append([])
        elif piece in (")", "]", "}") and open_lists:
            inside = open_lists.pop()
            if in_lists.pop():
                yield "".join(inside)
        elif open_lists:
            open_lists[-1].append(piece)
    yield from ("".join(inside) for inside, listed in zip(open_lists, in_lists, strict=True) if listed)


def _has_assembly(bare: str, model: str) -> bool:
    found = [match.start() for match in _ASSEMBLY.finditer(bare)]
    if not found or model != "cuda":
        return bool(found)
    # In device code it is the device's, and nothing of the harness is there.
    return any(not _DEVICE.search(bare[_function_start(bare, at) : at]) for at in found)


def _function_start(bare: str, at: int) -> int:
    """Where the function around a place begins: behind the last brace or semicolon at the depth of the file."""
    depth, begin = 0, 0
    for match in re.finditer(r"[{};]", bare[:at]):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            begin = match.end()
    return begin


def _fortran(code: str) -> str:
    for pattern, reason in _FORTRAN:
        if re.search(pattern, code, re.IGNORECASE | re.MULTILINE):
            return reason
    if found := _COMPILER.search(_CONTINUED.sub("", blank(code, "fortran"))):
        return f"tells compilers apart ({found[0]})"
    return ""
