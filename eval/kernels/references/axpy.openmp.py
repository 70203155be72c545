from numba import njit, prange


@njit(parallel=True)
def axpy(n, a, x, y):
    for i in prange(n):
        y[i] = a * x[i] + y[i]
