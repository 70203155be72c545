#include <mpi.h>
#include <omp.h>
#include <cmath>
#include <vector>

extern "C" void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<double> a(3 * static_cast<size_t>(n), 0.0);
    double *const sx = a.data(), *const sy = sx + n, *const sz = sy + n;
#pragma omp parallel for schedule(dynamic, 4)
    for (int i = rank; i < n; i += ranks) {
        for (int j = 0; j < n; ++j) {
            const double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
            const double w = mass[j] * std::pow(dx * dx + dy * dy + dz * dz + softening * softening, -1.5);
            sx[i] += w * dx;
            sy[i] += w * dy;
            sz[i] += w * dz;
        }
    }
    MPI_Allreduce(sx, ax, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(sy, ay, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(sz, az, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}
