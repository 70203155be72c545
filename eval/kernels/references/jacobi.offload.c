#include <stdlib.h>

void jacobi(int n, int iterations, const double *b, double *u) {
    const int size = n * n;
    double *next = malloc((size + 1) * sizeof(double));
#pragma omp target data map(to : b[0 : size]) map(tofrom : u[0 : size]) map(alloc : next[0 : size])
    for (int sweep = 0; sweep < iterations; sweep++) {
#pragma omp target teams distribute parallel for collapse(2)
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++) {
                const int at = i * n + j;
                next[at] = (u[at - n] + u[at + n] + u[at - 1] + u[at + 1] + b[at]) / 4.0;
            }
#pragma omp target teams distribute parallel for collapse(2)
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++) u[i * n + j] = next[i * n + j];
    }
    free(next);
}
