#include <stddef.h>

void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    const int nnz = row_ptr[m];
    const size_t in = (size_t)n * k, out = (size_t)m * k;
#pragma omp target teams distribute parallel for collapse(2) map(to : row_ptr[0 : m + 1], col[0 : nnz], val[0 : nnz], X[0 : in]) map(from : Y[0 : out])
    for (int i = 0; i < m; i++)
        for (int c = 0; c < k; c++) {
            float sum = 0.0f;
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * X[(size_t)col[e] * k + c];
            Y[(size_t)i * k + c] = sum;
        }
}
