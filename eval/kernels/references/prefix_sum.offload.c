#include <stdlib.h>

/* Doubling steps: after the step of distance d every element holds the sum of up to 2 d elements. */
void prefix_sum(int n, const double *x, double *y) {
    if (n == 0) return;
    double *other = malloc(n * sizeof(double));
#pragma omp target data map(to : x[0:n]) map(from : y[0:n]) map(alloc : other[0:n])
    {
#pragma omp target teams distribute parallel for
        for (int i = 0; i < n; i++) y[i] = x[i];
        for (long distance = 1; distance < n; distance *= 2) {
#pragma omp target teams distribute parallel for
            for (int i = 0; i < n; i++) other[i] = i >= distance ? y[i] + y[i - distance] : y[i];
#pragma omp target teams distribute parallel for
            for (int i = 0; i < n; i++) y[i] = other[i];
        }
    }
    free(other);
}
