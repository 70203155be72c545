#include <math.h>

void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
#pragma omp target data map(to : mass[0 : n], x[0 : n], y[0 : n], z[0 : n]) map(from : ax[0 : n], ay[0 : n], az[0 : n])
    {
#pragma omp target teams distribute
        for (int i = 0; i < n; i++) {
            double sx = 0.0, sy = 0.0, sz = 0.0;
#pragma omp parallel for reduction(+ : sx, sy, sz)
            for (int j = 0; j < n; j++) {
                const double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
                const double d2 = dx * dx + dy * dy + dz * dz + softening * softening;
                const double w = mass[j] / (d2 * sqrt(d2));
                sx += w * dx;
                sy += w * dy;
                sz += w * dz;
            }
            ax[i] = sx;
            ay[i] = sy;
            az[i] = sz;
        }
    }
}
