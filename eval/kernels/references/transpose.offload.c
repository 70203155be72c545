#include <stddef.h>

void transpose(int m, int n, const float *A, float *B) {
    const size_t count = (size_t)m * n;
#pragma omp target teams distribute parallel for collapse(2) map(to : A[0 : count]) map(from : B[0 : count])
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) B[(size_t)j * m + i] = A[(size_t)i * n + j];
}
