#include <mpi.h>
#include <cstddef>
#include <vector>

extern "C" void gemv(int m, int n, const double *A, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<int> counts(ranks);
    std::vector<int> first(ranks);
    for (int r = 0; r < ranks; r++) {
        const int from = static_cast<int>(static_cast<long long>(m) * r / ranks), to = static_cast<int>(static_cast<long long>(m) * (r + 1) / ranks);
        first[r] = from;
        counts[r] = (to - from);
    }
    const int lo = static_cast<int>(static_cast<long long>(m) * rank / ranks), hi = static_cast<int>(static_cast<long long>(m) * (rank + 1) / ranks);
    for (int i = lo; i < hi; i++) {
        double sum = 0.0;
        for (int j = 0; j < n; j++) sum += A[static_cast<size_t>(i) * n + j] * x[j];
        y[i] = sum;
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts.data(), first.data(), MPI_DOUBLE, MPI_COMM_WORLD);
}
