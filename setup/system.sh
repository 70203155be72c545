#!/usr/bin/env bash
# Compilers, MPI and the sandbox's tools: installs what is missing through apt where that is possible
# (Debian or Ubuntu, as root or with passwordless sudo). Elsewhere, and when apt fails, it says what is
# missing, what that switches off and how to install it, and ends well: hpcraft works with less.
#
# Usage: setup/system.sh [--retry]
#   --retry   try apt again for what the last attempt could not install
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .venv
log=.venv/setup.log
tried=.venv/.system-tried

say() { echo "setup: $*"; }

runs() { "$@" >/dev/null 2>&1; }

# A usable Python with the venv module; setup/python.sh makes the same choice.
has_python() { runs setup/python.sh --find; }

has_headers() { # Python's own, which the native half of the tokenizer is built with
    local python
    python=$(setup/python.sh --find) || return 0 # no Python at all is said already
    runs "$python" -c 'import pathlib, sys, sysconfig; sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").is_file())'
}

clang_works() { # a clang with its OpenMP runtime and its sanitizers' runtime
    local clang library
    for clang in clang $(compgen -c clang- | grep -E '^clang-[0-9]+$' | sort -u); do
        runs command -v "$clang" || continue
        [ -e "$("$clang" -print-file-name=libomp.so 2>/dev/null)" ] || continue
        for library in "$("$clang" -print-resource-dir)"/lib/linux/libclang_rt.tsan*.a \
            "$("$clang" -print-resource-dir)"/lib/*/libclang_rt.tsan*.a; do
            [ -e "$library" ] && return 0
        done
    done
    return 1
}

has_kokkos() {
    local header
    for header in "${KOKKOS_ROOT:-/usr}"/include/{,kokkos/,trilinos/}KokkosCore_config.h; do
        [ -e "$header" ] && return 0
    done
    return 1
}

# Not installed here, because few need them and they are big (on Debian 12: flang-19 53 MB to get and 857 MB on disk, hipcc with
# libamdhip64-dev 66 MB and 353 MB, CUDA gigabytes): `hpcraft doctor` says what each of them switches off and how to install it.

# What is missing, as "need|what it switches off|apt packages", one per line.
missing() {
    has_python || echo "Python 3.11 to 3.13 with venv|everything|python"
    has_headers || echo "Python's headers|hpcraft can't be installed, since a part of its tokenizer is compiled|headers"
    runs g++ --version || echo "g++|hpcraft can't be installed, since a part of its tokenizer is compiled; nor are C and C++ built and judged|g++"
    runs gfortran --version || echo "gfortran|Fortran tasks are neither built nor judged|gfortran"
    { runs mpicc --version && runs mpirun --version; } || echo "Open MPI|MPI tasks are neither built nor judged|libopenmpi-dev openmpi-bin"
    runs bwrap --version || echo "bubblewrap|nothing that is generated or mined can be verified or judged; the quickstart stops at pairs|bubblewrap"
    clang_works || echo "clang with OpenMP|race checks are left out|clang"
    has_kokkos || echo "Kokkos|Kokkos tasks are neither built nor judged|kokkos"
}

available() { # every named package has a candidate in apt's index
    local package
    for package in "$@"; do # no pipe into grep -q: it leaves early, and pipefail would take that for apt's failure
        [[ $(LC_ALL=C apt-cache policy "$package" 2>/dev/null) == *"Candidate: "[!\(]* ]] || return 1
    done
}

clang_packages() { # on Debian 12 clang 19, which stays in the release; elsewhere the newest that the index has whole
    local version versions
    versions=$(apt-cache search --names-only '^clang-[0-9]+$' | sed -E 's/^clang-([0-9]+) .*/\1/' | sort -rn)
    grep -qs 'VERSION_CODENAME=bookworm' /etc/os-release && versions="19 $versions"
    for version in $versions; do
        if available "clang-$version" "libomp-$version-dev" "libclang-rt-$version-dev"; then
            echo "clang-$version libomp-$version-dev libclang-rt-$version-dev"
            return
        fi
    done
    echo "clang libomp-dev"
}

kokkos_packages() { # newer releases have it on its own, older ones as a part of Trilinos
    if available libkokkos-dev; then echo libkokkos-dev; else echo libtrilinos-kokkos-dev; fi
}

python_packages() { # the oldest supported Python that the index has
    local version
    for version in 3.11 3.12 3.13; do
        if available "python$version-venv"; then
            echo "python$version python$version-venv python$version-dev"
            return
        fi
    done
    echo "python3 python3-venv python3-dev"
}

headers_package() { # of the Python that is used
    local python
    python=$(setup/python.sh --find) && "$python" -c 'import sys; print("python%d.%d-dev" % sys.version_info[:2])'
}

as_root() { # empty as root, sudo where it asks nothing, else failure
    if [ "$(id -u)" -eq 0 ]; then
        echo ""
    elif runs sudo -n true; then
        echo "sudo -n"
    else
        return 1
    fi
}

packages_of() { # apt packages for the lines of `missing`
    local line
    while IFS= read -r line; do
        case ${line##*|} in
            python) python_packages ;;
            headers) headers_package ;;
            clang) clang_packages ;;
            kokkos) kokkos_packages ;;
            *) echo "${line##*|}" ;;
        esac
    done | tr '\n' ' '
}

install() { # packages; whatever apt answers is in the log
    local root=$1 packages
    # The index may be empty, as in a fresh container, or old; without it nothing can be chosen.
    $root apt-get update -q >>"$log" 2>&1 || say "apt-get update failed (see $log); trying with the index that is there"
    packages=$(packages_of <<<"$lacking")
    say "installing ${packages% } (apt)"
    # shellcheck disable=SC2086 - words on purpose
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages >>"$log" 2>&1 && return
    # One package that the index lacks stops the whole; then each need is tried on its own.
    local line
    while IFS= read -r line; do
        packages=$(packages_of <<<"$line")
        # shellcheck disable=SC2086
        $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages >>"$log" 2>&1 </dev/null ||
            say "apt could not install ${packages% } (see $log)"
    done <<<"$lacking"
}

lacking=$(missing)
[ -z "$lacking" ] && exit 0
if [ "${1:-}" = --retry ] || [ "$lacking" != "$(cat "$tried" 2>/dev/null)" ]; then
    if runs command -v apt-get && root=$(as_root); then
        install "$root"
        lacking=$(missing)
    fi
fi
echo "$lacking" >"$tried"
[ -z "$lacking" ] && exit 0
while IFS='|' read -r need off packages; do
    case $packages in
        python) packages="python3 python3-venv python3-dev" ;;
        headers) packages=$(headers_package) ;;
        clang) packages="clang libomp-dev" ;;
        kokkos) packages="libtrilinos-kokkos-dev" ;;
    esac
    if runs command -v apt-get; then how="sudo apt-get install $packages"; else how="install the equivalent of the Debian packages: $packages"; fi
    say "missing: $need. Without it: $off. To mend: $how; then make setup"
done <<<"$lacking"
has_python && has_headers && runs g++ --version || exit 1
