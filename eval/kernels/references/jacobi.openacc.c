#include <stdlib.h>

void jacobi(int n, int iterations, const double *restrict b, double *restrict u) {
    if (n < 3) return;
    const size_t cells = (size_t)n * n;
    double *restrict next = malloc((cells + 1) * sizeof(double));
#pragma acc data copyin(b[0 : cells]) copy(u[0 : cells]) create(next[0 : cells])
    for (int sweep = 0; sweep < iterations; sweep++) {
#pragma acc parallel loop collapse(2)
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++) {
                const size_t k = (size_t)i * n + j;
                next[k] = 0.25 * (u[k - n] + u[k + n] + u[k - 1] + u[k + 1] + b[k]);
            }
#pragma acc parallel loop collapse(2)
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++) u[(size_t)i * n + j] = next[(size_t)i * n + j];
    }
    free(next);
}
