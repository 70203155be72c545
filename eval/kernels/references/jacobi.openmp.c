#include <stdlib.h>

void jacobi(int n, int iterations, const double *b, double *u) {
    double *next = malloc((size_t)n * n * sizeof(double) + 1);
    for (int sweep = 0; sweep < iterations; sweep++) {
#pragma omp parallel for
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++) {
                const size_t at = (size_t)i * n + j;
                next[at] = (u[at - n] + u[at + n] + u[at - 1] + u[at + 1] + b[at]) / 4.0;
            }
#pragma omp parallel for
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++) u[(size_t)i * n + j] = next[(size_t)i * n + j];
    }
    free(next);
}
