#include <stdlib.h>

void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    const long total = (long)systems * n;
    double *pivots = malloc((total + 1) * sizeof(double));
#pragma acc parallel loop gang vector copyin(lower[0 : total], diagonal[0 : total], upper[0 : total], rhs[0 : total]) copyout(x[0 : total]) create(pivots[0 : total])
    for (int s = 0; s < systems; s++) {
        const long base = (long)s * n;
        pivots[base] = diagonal[base];
        x[base] = rhs[base];
#pragma acc loop seq
        for (int i = 1; i < n; i++) {
            const double w = lower[base + i] / pivots[base + i - 1];
            pivots[base + i] = diagonal[base + i] - w * upper[base + i - 1];
            x[base + i] = rhs[base + i] - w * x[base + i - 1];
        }
        x[base + n - 1] /= pivots[base + n - 1];
#pragma acc loop seq
        for (int i = n - 2; i >= 0; i--) x[base + i] = (x[base + i] - upper[base + i] * x[base + i + 1]) / pivots[base + i];
    }
    free(pivots);
}
