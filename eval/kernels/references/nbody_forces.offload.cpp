#include <cmath>

extern "C" void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    const double eps2 = softening * softening;
#pragma omp target teams distribute parallel for map(to : mass[:n], x[:n], y[:n], z[:n]) map(from : ax[:n], ay[:n], az[:n])
    for (int i = 0; i < n; ++i) {
        double sum[3] = {0.0, 0.0, 0.0};
        for (int j = 0; j < n; ++j) {
            const double d[3] = {x[j] - x[i], y[j] - y[i], z[j] - z[i]};
            const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + eps2);
            const double scale = mass[j] / (r * r * r);
            for (int k = 0; k < 3; ++k) sum[k] += scale * d[k];
        }
        ax[i] = sum[0];
        ay[i] = sum[1];
        az[i] = sum[2];
    }
}
