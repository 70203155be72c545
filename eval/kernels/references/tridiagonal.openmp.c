#include <stdlib.h>

void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
#pragma omp parallel
    {
        double *factor = malloc(n * sizeof(double));
#pragma omp for schedule(static)
        for (int s = 0; s < systems; s++) {
            const double *a = lower + (long)s * n, *b = diagonal + (long)s * n, *c = upper + (long)s * n, *d = rhs + (long)s * n;
            double *u = x + (long)s * n;
            double pivot = b[0];
            u[0] = d[0] / pivot;
            for (int i = 1; i < n; i++) {
                factor[i - 1] = c[i - 1] / pivot;
                pivot = b[i] - a[i] * factor[i - 1];
                u[i] = (d[i] - a[i] * u[i - 1]) / pivot;
            }
            for (int i = n - 1; i > 0; i--) u[i - 1] -= factor[i - 1] * u[i];
        }
        free(factor);
    }
}
