#include <stdlib.h>

#define IDX(i, j, k) (((i) * ny + (j)) * nz + (k))

static void step_once(int nx, int ny, int nz, double alpha, const double *restrict from, double *restrict to) {
    const int size = nx * ny * nz;
#pragma acc parallel loop collapse(3) present(from[0:size], to[0:size])
    for (int i = 0; i < nx; i++)
        for (int j = 0; j < ny; j++)
            for (int k = 0; k < nz; k++) {
                const int inside = i > 0 && j > 0 && k > 0 && i < nx - 1 && j < ny - 1 && k < nz - 1;
                double value = from[IDX(i, j, k)];
                if (inside)
                    value += alpha * (from[IDX(i - 1, j, k)] + from[IDX(i + 1, j, k)] + from[IDX(i, j - 1, k)] + from[IDX(i, j + 1, k)] +
                                      from[IDX(i, j, k - 1)] + from[IDX(i, j, k + 1)] - 6.0 * from[IDX(i, j, k)]);
                to[IDX(i, j, k)] = value;
            }
}

void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u) {
    const int size = nx * ny * nz;
    double *v = malloc((size + 1) * sizeof(double));
#pragma acc data copy(u[0:size]) create(v[0:size])
    {
        int step = 0;
        for (; step + 1 < steps; step += 2) {
            step_once(nx, ny, nz, alpha, u, v);
            step_once(nx, ny, nz, alpha, v, u);
        }
        if (step < steps) {
            step_once(nx, ny, nz, alpha, u, v);
#pragma acc parallel loop
            for (int at = 0; at < size; at++) u[at] = v[at];
        }
    }
    free(v);
}
