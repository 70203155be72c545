#include <mpi.h>
#include <omp.h>
#include <algorithm>
#include <cstddef>
#include <vector>

extern "C" void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const auto first = [=](int r) { return static_cast<int>(static_cast<long>(systems) * r / ranks); };
#pragma omp parallel
    {
        std::vector<double> pivot(n);
#pragma omp for schedule(dynamic)
        for (int s = first(rank); s < first(rank + 1); ++s) {
            const std::size_t at = static_cast<std::size_t>(s) * n;
            const double *a = lower + at, *b = diagonal + at, *c = upper + at;
            double *u = x + at;
            std::copy_n(b, n, pivot.begin());
            std::copy_n(rhs + at, n, u);
            for (int i = 1; i < n; ++i) {
                const double w = a[i] / pivot[i - 1];
                pivot[i] -= w * c[i - 1];
                u[i] -= w * u[i - 1];
            }
            u[n - 1] /= pivot[n - 1];
            for (int i = n - 2; i >= 0; --i) u[i] = (u[i] - c[i] * u[i + 1]) / pivot[i];
        }
    }
    std::vector<int> counts(ranks), displs(ranks);
    for (int r = 0; r < ranks; ++r) {
        displs[r] = first(r) * n;
        counts[r] = first(r + 1) * n - displs[r];
    }
    if (rank == 0)
        MPI_Gatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, counts.data(), displs.data(), MPI_DOUBLE, 0, MPI_COMM_WORLD);
    else
        MPI_Gatherv(x + displs[rank], counts[rank], MPI_DOUBLE, nullptr, nullptr, nullptr, MPI_DOUBLE, 0, MPI_COMM_WORLD);
}
