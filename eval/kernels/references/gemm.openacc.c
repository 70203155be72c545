#include <stddef.h>

void gemm(int m, int n, int k, const double *restrict A, const double *restrict B, double *restrict C) {
#pragma acc parallel loop collapse(2) copyin(A[0:(size_t)m * k], B[0:(size_t)k * n]) copyout(C[0:(size_t)m * n])
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double sum = 0.0;
#pragma acc loop seq
            for (int l = 0; l < k; l++) sum += A[(size_t)i * k + l] * B[(size_t)l * n + j];
            C[(size_t)i * n + j] = sum;
        }
    }
}
