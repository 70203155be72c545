#include <mpi.h>
#include <omp.h>
#include <tuple>
#include <utility>
#include <vector>

extern "C" void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = static_cast<int>(static_cast<long>(n) * rank / ranks), hi = static_cast<int>(static_cast<long>(n) * (rank + 1) / ranks);

    // Our rows of the transpose, from all entries in order; then they are copied by the threads.
    std::vector<std::vector<std::pair<int, double>>> rows(hi - lo);
    for (int i = 0; i < m; ++i)
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e)
            if (lo <= col[e] && col[e] < hi) rows[col[e] - lo].emplace_back(i, val[e]);

    std::vector<int> lengths(n, 0), counts(ranks), displs(ranks);
    for (int j = lo; j < hi; ++j) lengths[j] = static_cast<int>(rows[j - lo].size());
    MPI_Allreduce(MPI_IN_PLACE, lengths.data(), n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    t_row_ptr[0] = 0;
    for (int j = 0; j < n; ++j) t_row_ptr[j + 1] = t_row_ptr[j] + lengths[j];
#pragma omp parallel for schedule(dynamic, 16)
    for (int j = lo; j < hi; ++j)
        for (int k = 0; k < lengths[j]; ++k) std::tie(t_col[t_row_ptr[j] + k], t_val[t_row_ptr[j] + k]) = rows[j - lo][k];
    for (int r = 0; r < ranks; ++r) {
        displs[r] = t_row_ptr[static_cast<long>(n) * r / ranks];
        counts[r] = t_row_ptr[static_cast<long>(n) * (r + 1) / ranks] - displs[r];
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, t_col, counts.data(), displs.data(), MPI_INT, MPI_COMM_WORLD);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, t_val, counts.data(), displs.data(), MPI_DOUBLE, MPI_COMM_WORLD);
}
