from numba import njit, prange


@njit(parallel=True)
def gemv(m, n, A, x, y):
    for i in prange(m):
        total = 0.0
        for j in range(n):
            total += A[i, j] * x[j]
        y[i] = total
