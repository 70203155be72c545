#include <stddef.h>

void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    (void)n;
    for (int i = 0; i < m; i++) {
        float *y = Y + (size_t)i * k;
        for (int c = 0; c < k; c++) y[c] = 0.0f;
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) {
            const float *x = X + (size_t)col[e] * k;
            for (int c = 0; c < k; c++) y[c] += val[e] * x[c];
        }
    }
}
