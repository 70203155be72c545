#include <stddef.h>

void gemv(int m, int n, const double *A, const double *x, double *y) {
    const size_t size = (size_t)m * n;
#pragma omp target teams distribute parallel for map(to : A[0:size], x[0:n]) map(from : y[0:m])
    for (int i = 0; i < m; i++) {
        const double *row = A + (size_t)i * n;
        double sum = 0.0;
#pragma omp simd reduction(+ : sum)
        for (int j = 0; j < n; j++) sum += row[j] * x[j];
        y[i] = sum;
    }
}
