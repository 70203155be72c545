#include <math.h>

void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    const double eps2 = softening * softening;
    for (int i = 0; i < n; i++) {
        double sx = 0.0, sy = 0.0, sz = 0.0;
        for (int j = 0; j < n; j++) {
            const double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
            const double d2 = dx * dx + dy * dy + dz * dz + eps2;
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
