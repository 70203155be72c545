"""Which command installs a missing tool on this machine: one table, tool to package per package manager."""

from __future__ import annotations

import os
import shutil

_MANAGERS = {"apt-get": "apt-get install -y", "dnf": "dnf install -y", "zypper": "zypper install -y", "pacman": "pacman -S --noconfirm"}

# tool: packages for apt-get, dnf, zypper, pacman; those of apt-get were installed and tried on Debian 12, the others are as documented
_PACKAGES = {
    "bwrap": ("bubblewrap", "bubblewrap", "bubblewrap", "bubblewrap"),
    "gcc": ("gcc libc6-dev", "gcc", "gcc", "gcc"),
    "g++": ("g++", "gcc-c++", "gcc-c++", "gcc"),
    "gfortran": ("gfortran", "gcc-gfortran", "gcc-fortran", "gcc-fortran"),
    "flang": ("flang-19 libomp-19-dev", "flang libomp-devel", "flang libomp-devel", "flang openmp"),
    "mpicc": ("libopenmpi-dev openmpi-bin", "openmpi-devel && module load mpi/openmpi-x86_64", "openmpi-devel", "openmpi"),
    "clang": (
        "clang-19 libclang-rt-19-dev libomp-19-dev",
        "clang compiler-rt libomp-devel",
        "clang libomp-devel",
        "clang compiler-rt openmp",
    ),
    "sanitizers": ("gcc g++ gfortran", "libasan libubsan", "libasan8 libubsan1", "gcc-libs"),
    "nvcc": ("nvidia-cuda-toolkit", "cuda-toolkit", "cuda-toolkit", "cuda"),
    "hipcc": ("hipcc libamdhip64-dev", "hipcc rocm-hip-devel", "hipcc", "rocm-hip-sdk"),
    "kokkos": ("libtrilinos-kokkos-dev", "kokkos-devel", "kokkos-devel", "kokkos"),
    "python3": ("python3", "python3", "python3", "python"),
}
_SAME = {"g++": "g++", "mpicxx": "mpicc", "mpif90": "mpicc", "mpirun": "mpicc", "nm": "gcc"}


def install_command(tool: str) -> str:
    """Half a sentence that ends an error line: the command that installs a tool here."""
    if tool == "apptainer":  # in few distributions, and a site's administrator decides on its setuid part
        return "ask the site for it, or install it: https://apptainer.org/docs/admin/latest/installation.html"
    if tool == "numba":
        return "install it: pip install 'hpcraft[numba]'"
    key = _SAME.get(tool, "clang" if tool.startswith("clang") else tool)
    sudo = "" if os.geteuid() == 0 else "sudo "
    for column, (manager, words) in enumerate(_MANAGERS.items()):
        if shutil.which(manager, path=os.environ.get("PATH", "") + ":/usr/bin:/bin"):
            return f"install it: {sudo}{words} {_PACKAGES[key][column]}"
    if key == "kokkos":
        return "install Kokkos and name its folder by KOKKOS_ROOT"
    return f"install {_PACKAGES[key][1].partition(' && ')[0]} with your system's package manager, or load its environment module"
