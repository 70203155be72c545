#include <cmath>

namespace {

struct Vector {
    double x, y, z;
};

Vector acceleration(int i, int n, double softening, const double *mass, const double *x, const double *y, const double *z) {
    Vector sum{0.0, 0.0, 0.0};
    for (int j = 0; j < n; ++j) {
        const Vector d{x[j] - x[i], y[j] - y[i], z[j] - z[i]};
        const double factor = mass[j] / std::pow(d.x * d.x + d.y * d.y + d.z * d.z + softening * softening, 1.5);
        sum.x += factor * d.x;
        sum.y += factor * d.y;
        sum.z += factor * d.z;
    }
    return sum;
}

}  // namespace

extern "C" void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
#pragma omp parallel for schedule(dynamic, 8)
    for (int i = 0; i < n; ++i) {
        const Vector a = acceleration(i, n, softening, mass, x, y, z);
        ax[i] = a.x;
        ay[i] = a.y;
        az[i] = a.z;
    }
}
