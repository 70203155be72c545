#include <algorithm>
#include <cmath>

// Each pair once: what i feels from j, j feels from i in the other direction.
extern "C" void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    std::fill(ax, ax + n, 0.0);
    std::fill(ay, ay + n, 0.0);
    std::fill(az, az + n, 0.0);
    for (int i = 0; i < n; ++i) {
        for (int j = i + 1; j < n; ++j) {
            const double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
            const double r2 = dx * dx + dy * dy + dz * dz + softening * softening;
            const double inv3 = 1.0 / (r2 * std::sqrt(r2));
            ax[i] += mass[j] * inv3 * dx;
            ay[i] += mass[j] * inv3 * dy;
            az[i] += mass[j] * inv3 * dz;
            ax[j] -= mass[i] * inv3 * dx;
            ay[j] -= mass[i] * inv3 * dy;
            az[j] -= mass[i] * inv3 * dz;
        }
    }
}
