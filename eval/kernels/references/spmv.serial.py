from numba import njit


@njit
def spmv(n, row_ptr, col, val, x, y):
    for i in range(n):
        total = 0.0
        for entry in range(row_ptr[i], row_ptr[i + 1]):
            total += val[entry] * x[col[entry]]
        y[i] = total
