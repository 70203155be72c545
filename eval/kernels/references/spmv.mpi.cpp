#include <mpi.h>
#include <vector>

extern "C" void spmv(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<int> counts(ranks);
    std::vector<int> first(ranks);
    for (int r = 0; r < ranks; r++) {
        const int from = static_cast<int>(static_cast<long long>(n) * r / ranks), to = static_cast<int>(static_cast<long long>(n) * (r + 1) / ranks);
        first[r] = from;
        counts[r] = (to - from);
    }
    const int lo = static_cast<int>(static_cast<long long>(n) * rank / ranks), hi = static_cast<int>(static_cast<long long>(n) * (rank + 1) / ranks);
    for (int i = lo; i < hi; i++) {
        double sum = 0.0;
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * x[col[e]];
        y[i] = sum;
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts.data(), first.data(), MPI_DOUBLE, MPI_COMM_WORLD);
}
