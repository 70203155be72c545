import numpy as np
from numba import njit, prange


@njit(parallel=True)
def jacobi(n, iterations, b, u):
    after = np.empty((n, n))
    for _ in range(iterations):
        for i in prange(1, n - 1):
            for j in range(1, n - 1):
                after[i, j] = (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] + b[i, j]) / 4.0
        for i in prange(1, n - 1):
            for j in range(1, n - 1):
                u[i, j] = after[i, j]
