from numba import njit


@njit
def gemm(m, n, k, A, B, C):
    for i in range(m):
        for j in range(n):
            C[i, j] = 0.0
        for step in range(k):
            factor = A[i, step]
            for j in range(n):
                C[i, j] += factor * B[step, j]
