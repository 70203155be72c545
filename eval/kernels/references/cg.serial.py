import numpy as np
from numba import njit


@njit
def cg(n, row_ptr, col, val, b, x, max_iterations, tolerance):
    r = np.empty(n)
    p = np.empty(n)
    q = np.empty(n)
    rho = 0.0
    size = 0.0
    for i in range(n):
        total = b[i]
        for entry in range(row_ptr[i], row_ptr[i + 1]):
            total -= val[entry] * x[col[entry]]
        r[i] = total
        p[i] = total
        rho += total * total
        size += b[i] * b[i]
    limit = tolerance * np.sqrt(size)
    for _ in range(max_iterations):
        if np.sqrt(rho) <= limit:
            break
        pq = 0.0
        for i in range(n):
            total = 0.0
            for entry in range(row_ptr[i], row_ptr[i + 1]):
                total += val[entry] * p[col[entry]]
            q[i] = total
            pq += p[i] * total
        alpha = rho / pq
        after = 0.0
        for i in range(n):
            x[i] += alpha * p[i]
            r[i] -= alpha * q[i]
            after += r[i] * r[i]
        beta = after / rho
        rho = after
        for i in range(n):
            p[i] = r[i] + beta * p[i]
