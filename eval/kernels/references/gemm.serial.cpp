#include <cstddef>

extern "C" void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
    for (int i = 0; i < m; i++) {
        double *row = C + static_cast<size_t>(i) * n;
        for (int j = 0; j < n; j++) row[j] = 0.0;
        for (int l = 0; l < k; l++) {
            const double a = A[static_cast<size_t>(i) * k + l];
            for (int j = 0; j < n; j++) row[j] += a * B[static_cast<size_t>(l) * n + j];
        }
    }
}
