#include <mpi.h>
#include <vector>

extern "C" void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);

    // System s is solved by rank s mod ranks, which sends it to rank 0.
    std::vector<double> factor(n);
    std::vector<MPI_Request> pending;
    for (int s = 0; s < systems; ++s) {
        const long at = static_cast<long>(s) * n;
        double *u = x + at;
        const int owner = s % ranks;
        if (owner == rank) {
            double pivot = diagonal[at];
            u[0] = rhs[at] / pivot;
            for (int i = 1; i < n; ++i) {
                factor[i] = upper[at + i - 1] / pivot;
                pivot = diagonal[at + i] - lower[at + i] * factor[i];
                u[i] = (rhs[at + i] - lower[at + i] * u[i - 1]) / pivot;
            }
            for (int i = n - 1; i > 0; --i) u[i - 1] -= factor[i] * u[i];
        }
        if (owner != 0 && (rank == 0 || rank == owner)) {
            pending.emplace_back();
            if (rank == 0)
                MPI_Irecv(u, n, MPI_DOUBLE, owner, 0, MPI_COMM_WORLD, &pending.back());
            else
                MPI_Isend(u, n, MPI_DOUBLE, 0, 0, MPI_COMM_WORLD, &pending.back());
        }
    }
    MPI_Waitall(static_cast<int>(pending.size()), pending.data(), MPI_STATUSES_IGNORE);
}
