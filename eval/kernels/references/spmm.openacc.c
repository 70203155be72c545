#include <stddef.h>

void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    const int entries = row_ptr[m];
#pragma acc data copyin(row_ptr[0 : m + 1], col[0 : entries], val[0 : entries], X[0 : (size_t)n * k]) copyout(Y[0 : (size_t)m * k])
    {
#pragma acc parallel loop gang
        for (int i = 0; i < m; i++) {
#pragma acc loop vector
            for (int c = 0; c < k; c++) {
                float sum = 0.0f;
#pragma acc loop seq
                for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * X[(size_t)col[e] * k + c];
                Y[(size_t)i * k + c] = sum;
            }
        }
    }
}
