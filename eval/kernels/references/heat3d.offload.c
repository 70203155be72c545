#include <stdlib.h>

void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u) {
    if (nx < 3 || ny < 3 || nz < 3) return;
    const int row = nz, plane = ny * nz, size = nx * plane;
    double *next = malloc(size * sizeof(double));
#pragma omp target data map(tofrom : u[0:size]) map(alloc : next[0:size])
    for (int step = 0; step < steps; step++) {
#pragma omp target teams distribute parallel for collapse(3)
        for (int i = 1; i < nx - 1; i++)
            for (int j = 1; j < ny - 1; j++)
                for (int k = 1; k < nz - 1; k++) {
                    const int at = i * plane + j * row + k;
                    const double around = u[at - plane] + u[at + plane] + u[at - row] + u[at + row] + u[at - 1] + u[at + 1];
                    next[at] = u[at] + alpha * (around - 6.0 * u[at]);
                }
#pragma omp target teams distribute parallel for collapse(3)
        for (int i = 1; i < nx - 1; i++)
            for (int j = 1; j < ny - 1; j++)
                for (int k = 1; k < nz - 1; k++) u[i * plane + j * row + k] = next[i * plane + j * row + k];
    }
    free(next);
}
