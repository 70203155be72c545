"""Makes the lists of names in this folder from the headers, archives and compilers of the platforms.

``python -m hpcraft.tokenizer.platforms.collect --root DIR --cuda DIR [PLATFORM ..]``, on Debian 12 with clang-19, gcc-12, g++-12,
gfortran-12, libc6-dev, libstdc++-12-dev and libopenmpi-dev installed. ``--root`` is a folder into which ``dpkg -x`` unpacked
libblas-dev, liblapack-dev and libamdhip64-dev; ``--cuda`` is a CUDA toolkit (13.0 was used). The
headers read are those of ``headers_*.txt``, which are written by hand, as are the functions of parallel models (``mpi.txt``,
``cuda.txt``, ..): those hold names of many versions, removed ones included, which no single header has.

Not covered: libstdc++ 13 and newer, of which `NEWER` names the parts that matter; names that `vocabulary` keeps by a pattern.
"""

from __future__ import annotations

import argparse
import gzip
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from hpcraft.errors import MachineError
from hpcraft.tokenizer.platforms.declarations import Declarations, add_macros, declared
from hpcraft.tokenizer.vocabulary import FAMILIES, LIKELY, RESERVED

FOLDER = Path(__file__).parent
GCC = "--gcc-install-dir=/usr/lib/gcc/x86_64-linux-gnu/12"
C = ("clang-19", "-std=gnu23", "-D_GNU_SOURCE", "-march=sapphirerapids")
CPP = ("clang++-19", "-std=gnu++23", GCC, "-D_GLIBCXX_USE_TBB_PAR_BACKEND=0")


def _words(text: str) -> set[str]:
    return set(text.split())


Lists = Mapping[str, Iterable[str]]
"""The names of a platform by file, without ``.txt``."""

NEWER = Declarations(
    functions=_words("format format_to format_to_n formatted_size vformat vformat_to print println vprint_unicode start_lifetime_as"),
    types=_words("""
        format_string formatter basic_format_string format_context format_parse_context format_error mdspan extents dextents layout_left
        layout_right layout_stride is_corresponding_member is_pointer_interconvertible_with_class flat_map flat_set generator float16_t float32_t float64_t float128_t bfloat16_t inplace_vector
    """),
    members=_words("contains rank static_extent extent mapping and_then or_else transform_error value_or"),
)
"""Of C++23 and 26, what libstdc++ 12 hasn't got."""

REMOVED_FROM_CUDA = {
    f"surf{form}{what}" for form in ("1D", "2D", "3D", "1DLayered", "2DLayered", "Cubemap", "CubemapLayered") for what in ("read", "write")
}
REMOVED_FROM_CUDA |= {"syncthreads_and", "syncthreads_or", "syncthreads_count", "clock", "mul24", "umul24", "mulhi", "umulhi", "saturate"}
"""Device functions that clang doesn't see in CUDA 13's headers."""

LATER_FORTRAN = """
coshape out_of_range reduce split tokenize acospi asinpi atanpi atan2pi cospi sinpi tanpi c_f_strpointer f_c_string
ieee_fma ieee_int ieee_real ieee_max_num ieee_max_num_mag ieee_min_num ieee_min_num_mag ieee_next_down ieee_next_up ieee_quiet_eq ieee_quiet_ge
ieee_quiet_gt ieee_quiet_le ieee_quiet_lt ieee_quiet_ne ieee_signbit ieee_get_modes ieee_set_modes notify_type
"""
"""Of Fortran 2018 and 2023, what gfortran 12 hasn't got."""


def headers(name: str) -> list[str]:
    """A list of headers of this folder."""
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split()


def c_library() -> Declarations:
    """ISO C, POSIX, glibc and the intrinsics of x86, with the macros that only gcc sees."""
    found = declared(headers("headers_c"), C, language="c")
    add_macros(
        found,
        "".join(f"#include <{header}>\n" for header in headers("headers_c")),
        ("gcc", "-D_GNU_SOURCE", "-march=sapphirerapids", "-x", "c"),
    )
    return found


def collect_c(_options: argparse.Namespace) -> Lists:
    """The C library; fields that are ordinary words go with their headers, so that they don't hold a program's own fields."""
    everything = c_library()
    ordinary = {word for word in everything.members if word.isalpha() and word.islower()}
    by_header = {header: declared([header], C, language="c").members & ordinary for header in headers("headers_c")}
    everything.members -= ordinary
    pairs = {f"{header}:{word}" for header, words in by_header.items() for word in words}
    return {**_lists("c", everything), "c_members_by_header": pairs}


def collect_cpp(_options: argparse.Namespace) -> Lists:
    """The C++ library without what the C library has; members of one letter, all of distributions, are left out."""
    found = declared(headers("headers_cpp"), CPP, language="c++")
    found.members = {word for word in found.members if len(word) > 1}
    found.methods &= found.members
    for kind in ("functions", "types", "values", "members"):
        getattr(found, kind).update(getattr(NEWER, kind))
    return _lists("cpp", found.without(c_library()))


def collect_cuda(options: argparse.Namespace) -> Lists:
    """Device functions, vector types and cooperative groups of CUDA, and fields of its structures and HIP's."""
    read = [name for name in headers("headers_cuda") if Path(options.cuda, "include", name).exists()]
    read = [name for name in read if not re.match(r"cu(?:blas|sparse|fft|rand|solver)|nv|crt/", name)]
    with tempfile.TemporaryDirectory() as folder:
        # Clang 19 includes headers that CUDA 13 dropped, or that lie in another package.
        for missing in ("texture_fetch_functions.h", "curand_mtgp32_kernel.h"):
            Path(folder, missing).write_text("", encoding="utf-8")
        target = ("-x", "cuda", "--cuda-device-only", "--cuda-gpu-arch=sm_90", "-nocudalib", f"--cuda-path={options.cuda}")
        found = declared(read, ("clang++-19", "-std=c++20", GCC, *target, f"-I{folder}", f"-I{options.cuda}/include/cccl"), language="cuda")
    hip = declared(
        ["hip/hip_runtime_api.h"],
        (*CPP, "-D__HIP_PLATFORM_AMD__", f"-I{options.root}/usr/include", "-DHIP_INCLUDE_HIP_HIP_PROFILE_H"),
        language="c++",
    )
    found.members |= hip.members
    base = declared(headers("headers_cpp"), CPP, language="c++")
    found.values -= base.members
    found.functions |= REMOVED_FROM_CUDA
    found.types |= {"texture", "surface", "textureReference", "surfaceReference"}
    lists = {
        name: {word for word in words if not LIKELY.fullmatch(word)}
        for name, words in _lists("cuda", found.without(base).without(c_library())).items()
    }
    ordinary = {word for word in found.members if word.isalpha() and word.islower()}
    lists["cuda_members"] -= ordinary
    return {**lists, "cuda_members_by_header": {f"cuda_runtime.h:{word}" for word in ordinary - base.methods}}


def collect_mpi(_options: argparse.Namespace) -> Lists:
    """The names of MPI's former C++ interface, which count where a text has ``MPI::``; everything else of MPI is a family."""
    include = "/usr/lib/x86_64-linux-gnu/openmpi/include"
    wanted = ("-DOMPI_BUILDING=0", f"-I{include}", f"-I{include}/openmpi")
    found = declared(["mpi.h"], (*CPP, *wanted), language="c++")
    capital = re.compile(r"[A-Z]\w*")
    words = {word for words in vars(found.without(c_library())).values() for word in words if capital.fullmatch(word)}
    return {"mpi_cpp": {word for word in words if not re.match(r"OPAL|OMPI|TBB|HAVE|BEGIN_C|END_C", word)}}


def collect_lapack(options: argparse.Namespace) -> Lists:
    """The routines of BLAS and LAPACK by their names in Fortran; C calls them with an underscore behind."""
    library = Path(options.root, "usr/lib/x86_64-linux-gnu")
    archives = [library / "blas/libblas.a", library / "lapack/liblapack.a"]
    symbols = _run("nm", "-g", "--defined-only", *map(str, archives))
    extended = {f"{letter}{form}{task}" for letter in "sdcz" for form in ("gb", "ge", "he", "po", "sy") for task in ("rfsx", "svxx")}
    testing = {f"{letter}la{what}" for letter in "sdcz" for what in ("gge", "gsy", "ghe", "tms")}
    return {"lapack": {name for name in re.findall(r"\bT ([a-z]\w*)_$", symbols, re.MULTILINE) if len(name) > 3} | extended | testing}


def collect_fortran(_options: argparse.Namespace) -> Lists:
    """Intrinsic procedures, and the constants and types of intrinsic modules, as gfortran takes them."""
    words = _words_of_the_compiler()
    procedures = _accepted(words, "intrinsic :: {}")
    # A module's name is no procedure, and f951 takes any name behind an ``only`` of a module that isn't intrinsic.
    values = {
        word
        for module in ("iso_c_binding", "iso_fortran_env", "ieee_arithmetic", "ieee_exceptions", "ieee_features")
        for word in _accepted(
            {word for word in words if _IN_A_MODULE.fullmatch(word)} | _words_of_module(module),
            f"use, intrinsic :: {module}, only: {{}}",
            alone=True,
        )
    }
    types = {word for word in values if word in ("c_ptr", "c_funptr") or word.endswith("_type")}
    later = set(LATER_FORTRAN.split())
    return {
        "fortran_functions": procedures | {word for word in values if word.startswith(("c_f_", "ieee_", "compiler_"))} | _LOCATIONS | later,
        "fortran_values": values - types,
        "fortran_types": types,
    }


_IN_A_MODULE = re.compile(
    r"(?:c|ieee)_\w+|(?:int|real|logical)\d+|\w+_(?:unit|kinds?|size|type)|(?:stat|iostat|compiler)_\w+|(?:current|initial|parent)_team"
)
_SPELT_OTHERWISE = """
c_bool c_null_char c_backspace c_form_feed c_new_line c_carriage_return c_horizontal_tab c_vertical_tab int8 iostat_end iostat_eor
iostat_inquire_internal_unit stat_failed_image current_team initial_team parent_team coshape ieee_away ieee_negative_subnormal
ieee_fma ieee_int ieee_real ieee_max_num ieee_min_num ieee_next_down ieee_next_up ieee_signbit
"""
"""Candidates that the compiler holds in pieces, or may not know yet."""
_LOCATIONS = {"c_associated", "c_funloc", "c_loc", "c_sizeof"}


def _words_of_the_compiler() -> set[str]:
    """Every word in gfortran's own strings that could be a name."""
    compiler = _run("gfortran", "-print-prog-name=f951").strip()
    found = set(re.findall(r"[a-z][a-z0-9_]{1,40}(?!\w)", _run("strings", "-n", "3", compiler)))
    # A linker keeps a string that ends another only there: ``maxloc`` within ``_gfortran_maxloc``.
    tails = {word[start:] for word in found for start in range(len(word) - 1) if len(word) - start <= 24}
    return {word for word in tails | set(_SPELT_OTHERWISE.split()) if word[0].isalpha()} - {"end"}


def _words_of_module(name: str) -> set[str]:
    """The names in a module file of gfortran's, if there is one."""
    path = Path(f"/usr/lib/gcc/x86_64-linux-gnu/12/finclude/{name}.mod")
    text = gzip.decompress(path.read_bytes()).decode() if path.exists() else ""
    return set(re.findall(r"'([a-z][a-z0-9_]+)'", text))


def _accepted(words: Iterable[str], line: str, *, alone: bool = False) -> set[str]:
    """The words with which gfortran accepts a line.

    Args:
        words: candidates.
        line: with ``{}`` for the word.
        alone: put each line into a program unit of its own, as an error in it hides others.
    """
    names = sorted(words)
    begin, end = ("subroutine s{0}\n", "end\n") if alone else ("", "")
    body = "".join(f"{begin.format(place)}{line.format(name)}\n{end}" for place, name in enumerate(names))
    text = body if alone else f"program p\n{body}end\n"
    command = ["gfortran", "-fsyntax-only", "-std=gnu", "-fmax-errors=0", "-x", "f95", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    numbers, number = set(), 0
    for message in done.stderr.splitlines():
        place = re.match(r"<stdin>:(\d+):", message)
        number = int(place[1]) if place else number
        numbers.update([number] if message.startswith("Error") else [])
    step, first = (3, 2) if alone else (1, 2)
    return {name for place, name in enumerate(names) if place * step + first not in numbers}


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise MachineError(f"{command[0]}: {done.stderr.strip()[:200]}; install the packages that collect.py names")
    return done.stdout


def _lists(platform: str, found: Declarations) -> Lists:
    return {f"{platform}_{kind}": getattr(found, kind) for kind in ("functions", "types", "values", "members")}


COLLECTORS: dict[str, Callable[[argparse.Namespace], Lists]] = {
    "c": collect_c,
    "cpp": collect_cpp,
    "cuda": collect_cuda,
    "mpi": collect_mpi,
    "lapack": collect_lapack,
    "fortran": collect_fortran,
}


def written(words: Iterable[str]) -> str:
    """Words as a list holds them: sorted, blanks between, in lines of at most 150 characters."""
    return textwrap.fill(" ".join(sorted(set(words))), 150, break_long_words=False, break_on_hyphens=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the lists of some platforms, or of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("platforms", nargs="*", metavar="PLATFORM")
    parser.add_argument("--root", default="/", help="folder into which Debian packages were unpacked")
    parser.add_argument("--cuda", default="/usr/local/cuda", help="folder of a CUDA toolkit")
    options = parser.parse_args(arguments)
    for platform in options.platforms or COLLECTORS:
        for name, words in COLLECTORS[platform](options).items():
            kept = {word for word in words if not RESERVED.fullmatch(word) and not FAMILIES.fullmatch(word)}
            (FOLDER / f"{name}.txt").write_text(written(kept), encoding="utf-8")
            print(f"{name}: {len(kept)} names")
    return 0


if __name__ == "__main__":
    sys.exit(main())
