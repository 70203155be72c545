#include <stddef.h>
#include <string.h>

void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    (void)n;
    /* Rows differ in length, so they are handed out as threads become free. */
#pragma omp parallel for schedule(dynamic, 16)
    for (int i = 0; i < m; i++) {
        float *out = &Y[(size_t)i * k];
        memset(out, 0, k * sizeof(float));
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) {
            const float a = val[e];
            const float *in = &X[(size_t)col[e] * k];
#pragma omp simd
            for (int c = 0; c < k; c++) out[c] += a * in[c];
        }
    }
}
