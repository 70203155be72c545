#include <math.h>

void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    const double eps2 = softening * softening;
#pragma acc parallel loop gang copyin(mass[0 : n], x[0 : n], y[0 : n], z[0 : n]) copyout(ax[0 : n], ay[0 : n], az[0 : n])
    for (int i = 0; i < n; i++) {
        double sx = 0.0, sy = 0.0, sz = 0.0;
#pragma acc loop vector reduction(+ : sx, sy, sz)
        for (int j = 0; j < n; j++) {
            const double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
            const double r2 = dx * dx + dy * dy + dz * dz + eps2;
            const double f = mass[j] / (r2 * sqrt(r2));
            sx += f * dx;
            sy += f * dy;
            sz += f * dz;
        }
        ax[i] = sx;
        ay[i] = sy;
        az[i] = sz;
    }
}
