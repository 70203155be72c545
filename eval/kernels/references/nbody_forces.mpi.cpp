#include <mpi.h>
#include <algorithm>
#include <cmath>
#include <vector>

// The sources are divided: every rank adds up what its own bodies do to all, and the sums are reduced.
extern "C" void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<double> part(3 * static_cast<size_t>(n), 0.0), total(3 * static_cast<size_t>(n));
    for (int j = rank; j < n; j += ranks) {
        for (int i = 0; i < n; ++i) {
            const double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
            const double d2 = dx * dx + dy * dy + dz * dz + softening * softening;
            const double scale = mass[j] / (d2 * std::sqrt(d2));
            part[3 * static_cast<size_t>(i)] += scale * dx;
            part[3 * static_cast<size_t>(i) + 1] += scale * dy;
            part[3 * static_cast<size_t>(i) + 2] += scale * dz;
        }
    }
    MPI_Allreduce(part.data(), total.data(), 3 * n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; i < n; ++i) {
        ax[i] = total[3 * static_cast<size_t>(i)];
        ay[i] = total[3 * static_cast<size_t>(i) + 1];
        az[i] = total[3 * static_cast<size_t>(i) + 2];
    }
}
