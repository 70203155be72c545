from numba import njit


@njit
def axpy(n, a, x, y):
    for i in range(n):
        y[i] = a * x[i] + y[i]
