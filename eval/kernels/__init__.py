"""The kernels of the `kernels` suite, one file each, and the table that lists them."""

from __future__ import annotations

from hpcraft.eval.kernels.axpy import AXPY
from hpcraft.eval.kernels.bfs_levels import BFS_LEVELS
from hpcraft.eval.kernels.cg import CG
from hpcraft.eval.kernels.csr_transpose import CSR_TRANSPOSE
from hpcraft.eval.kernels.fft import FFT
from hpcraft.eval.kernels.find_first import FIND_FIRST
from hpcraft.eval.kernels.gemm import GEMM
from hpcraft.eval.kernels.gemv import GEMV
from hpcraft.eval.kernels.jacobi import JACOBI
from hpcraft.eval.kernels.lcs_length import LCS_LENGTH
from hpcraft.eval.kernels.lower_bound import LOWER_BOUND
from hpcraft.eval.kernels.monte_carlo_pi import MONTE_CARLO_PI
from hpcraft.eval.kernels.nbody_forces import NBODY_FORCES
from hpcraft.eval.kernels.spmm import SPMM
from hpcraft.eval.kernels.spmv import SPMV
from hpcraft.eval.kernels.transpose import TRANSPOSE
from hpcraft.eval.kernels.triangle_count import TRIANGLE_COUNT
from hpcraft.eval.kernels.tridiagonal import TRIDIAGONAL

_KERNELS = (
    AXPY,
    GEMV,
    GEMM,
    SPMV,
    JACOBI,
    CG,
    TRANSPOSE,
    FIND_FIRST,
    LOWER_BOUND,
    MONTE_CARLO_PI,
    NBODY_FORCES,
    SPMM,
    FFT,
    TRIDIAGONAL,
    LCS_LENGTH,
    BFS_LEVELS,
    TRIANGLE_COUNT,
    CSR_TRANSPOSE,
)

KERNELS = {kernel.name: kernel for kernel in _KERNELS}
