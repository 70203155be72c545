#include <stddef.h>

void gemv(int m, int n, const double *A, const double *x, double *y) {
#pragma acc data copyin(A[0:(size_t)m * n], x[0:n]) copyout(y[0:m])
#pragma acc parallel loop gang
    for (int i = 0; i < m; i++) {
        double sum = 0.0;
#pragma acc loop vector reduction(+ : sum)
        for (int j = 0; j < n; j++) sum += A[(size_t)i * n + j] * x[j];
        y[i] = sum;
    }
}
