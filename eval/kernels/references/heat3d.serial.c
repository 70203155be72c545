#include <stdlib.h>
#include <string.h>

void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u) {
    const size_t row = nz, plane = (size_t)ny * nz, size = plane * nx;
    double *old = malloc((size + 1) * sizeof(double));
    for (int step = 0; step < steps; step++) {
        memcpy(old, u, size * sizeof(double));
        for (int i = 1; i < nx - 1; i++)
            for (int j = 1; j < ny - 1; j++)
                for (int k = 1; k < nz - 1; k++) {
                    const size_t at = i * plane + j * row + k;
                    const double around =
                        old[at - plane] + old[at + plane] + old[at - row] + old[at + row] + old[at - 1] + old[at + 1];
                    u[at] = old[at] + alpha * (around - 6.0 * old[at]);
                }
    }
    free(old);
}
