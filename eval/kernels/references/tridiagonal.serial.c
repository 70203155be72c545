#include <stdlib.h>

/* Thomas algorithm: elimination downwards, substitution upwards. */
static void solve(int n, const double *a, const double *b, const double *c, const double *d, double *x, double *cp) {
    double pivot = b[0];
    x[0] = d[0] / pivot;
    for (int i = 1; i < n; i++) {
        cp[i - 1] = c[i - 1] / pivot;
        pivot = b[i] - a[i] * cp[i - 1];
        x[i] = (d[i] - a[i] * x[i - 1]) / pivot;
    }
    for (int i = n - 2; i >= 0; i--) x[i] -= cp[i] * x[i + 1];
}

void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    double *scratch = malloc(n * sizeof(double));
    for (int s = 0; s < systems; s++) {
        const size_t at = (size_t)s * n;
        solve(n, lower + at, diagonal + at, upper + at, rhs + at, x + at, scratch);
    }
    free(scratch);
}
