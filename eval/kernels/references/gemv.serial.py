from numba import njit


@njit
def gemv(m, n, A, x, y):
    for i in range(m):
        total = 0.0
        for j in range(n):
            total += A[i, j] * x[j]
        y[i] = total
