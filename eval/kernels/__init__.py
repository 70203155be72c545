"""The kernels of the `kernels` suite, one file each, and the table that lists them."""

from __future__ import annotations

from hpcraft.eval.kernels.argmax import ARGMAX
from hpcraft.eval.kernels.axpy import AXPY
from hpcraft.eval.kernels.blur import BLUR
from hpcraft.eval.kernels.cg import CG
from hpcraft.eval.kernels.count_above import COUNT_ABOVE
from hpcraft.eval.kernels.dot import DOT
from hpcraft.eval.kernels.exclusive_scan import EXCLUSIVE_SCAN
from hpcraft.eval.kernels.gemm import GEMM
from hpcraft.eval.kernels.gemv import GEMV
from hpcraft.eval.kernels.heat3d import HEAT3D
from hpcraft.eval.kernels.histogram import HISTOGRAM
from hpcraft.eval.kernels.jacobi import JACOBI
from hpcraft.eval.kernels.merge_sorted import MERGE_SORTED
from hpcraft.eval.kernels.prefix_sum import PREFIX_SUM
from hpcraft.eval.kernels.segmented_sum import SEGMENTED_SUM
from hpcraft.eval.kernels.sort_int import SORT_INT
from hpcraft.eval.kernels.spmv import SPMV
from hpcraft.eval.kernels.stencil1d import STENCIL1D
from hpcraft.eval.kernels.weighted_histogram import WEIGHTED_HISTOGRAM

_KERNELS = (
    AXPY,
    GEMV,
    GEMM,
    SPMV,
    JACOBI,
    CG,
    DOT,
    COUNT_ABOVE,
    ARGMAX,
    PREFIX_SUM,
    EXCLUSIVE_SCAN,
    SEGMENTED_SUM,
    SORT_INT,
    MERGE_SORTED,
    HISTOGRAM,
    WEIGHTED_HISTOGRAM,
    HEAT3D,
    BLUR,
    STENCIL1D,
)

KERNELS = {kernel.name: kernel for kernel in _KERNELS}
