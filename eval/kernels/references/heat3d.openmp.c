#include <stdlib.h>
#include <string.h>

#define AT(i, j, k) (((size_t)(i) * ny + (j)) * nz + (k))

void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u) {
    const size_t size = (size_t)nx * ny * nz;
    double *other = malloc((size + 1) * sizeof(double)), *from = u, *to = other;
    memcpy(other, u, size * sizeof(double)); /* for the faces */
    for (int step = 0; step < steps; step++) {
#pragma omp parallel for collapse(2) schedule(static)
        for (int i = 1; i < nx - 1; i++)
            for (int j = 1; j < ny - 1; j++)
                for (int k = 1; k < nz - 1; k++)
                    to[AT(i, j, k)] =
                        from[AT(i, j, k)] + alpha * (from[AT(i - 1, j, k)] + from[AT(i + 1, j, k)] + from[AT(i, j - 1, k)] +
                                                     from[AT(i, j + 1, k)] + from[AT(i, j, k - 1)] + from[AT(i, j, k + 1)] -
                                                     6.0 * from[AT(i, j, k)]);
        double *swap = from;
        from = to;
        to = swap;
    }
    if (from != u) memcpy(u, from, size * sizeof(double));
    free(other);
}
