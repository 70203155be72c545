#include <stdlib.h>

void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    const size_t count = (size_t)systems * n;
    double *factor = malloc((count + 1) * sizeof(double));
#pragma omp target teams distribute parallel for map(to : lower[0 : count], diagonal[0 : count], upper[0 : count], rhs[0 : count]) \
    map(from : x[0 : count]) map(alloc : factor[0 : count])
    for (int s = 0; s < systems; s++) {
        const size_t first = (size_t)s * n, last = first + n - 1;
        double pivot = diagonal[first];
        x[first] = rhs[first] / pivot;
        for (size_t i = first + 1; i <= last; i++) {
            factor[i] = upper[i - 1] / pivot;
            pivot = diagonal[i] - lower[i] * factor[i];
            x[i] = (rhs[i] - lower[i] * x[i - 1]) / pivot;
        }
        for (size_t i = last; i > first; i--) x[i - 1] -= factor[i] * x[i];
    }
    free(factor);
}
