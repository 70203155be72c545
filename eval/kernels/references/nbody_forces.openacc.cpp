#include <cmath>

namespace {

struct Force {
    double x, y, z;
};

#pragma acc routine seq
Force pull(double mass, double dx, double dy, double dz, double eps2) {
    const double d2 = dx * dx + dy * dy + dz * dz + eps2;
    const double w = mass / (d2 * std::sqrt(d2));
    return {w * dx, w * dy, w * dz};
}

}  // namespace

extern "C" void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
#pragma acc data copyin(mass[0 : n], x[0 : n], y[0 : n], z[0 : n]) copyout(ax[0 : n], ay[0 : n], az[0 : n])
    {
#pragma acc parallel loop gang vector
        for (int i = 0; i < n; ++i) {
            double sx = 0.0, sy = 0.0, sz = 0.0;
#pragma acc loop seq
            for (int j = 0; j < n; ++j) {
                const Force f = pull(mass[j], x[j] - x[i], y[j] - y[i], z[j] - z[i], softening * softening);
                sx += f.x;
                sy += f.y;
                sz += f.z;
            }
            ax[i] = sx;
            ay[i] = sy;
            az[i] = sz;
        }
    }
}
