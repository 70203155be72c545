#include <mpi.h>
#include <algorithm>
#include <vector>

// Rows are shared out. A rank's places in a row of the transpose lie behind those of the ranks before it.
extern "C" void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = static_cast<int>(static_cast<long>(m) * rank / ranks), hi = static_cast<int>(static_cast<long>(m) * (rank + 1) / ranks);

    std::vector<int> mine(n, 0), before(n, 0), all(n);
    for (int e = row_ptr[lo]; e < row_ptr[hi]; ++e) ++mine[col[e]];
    MPI_Exscan(mine.data(), before.data(), n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) std::fill(before.begin(), before.end(), 0);
    MPI_Allreduce(mine.data(), all.data(), n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    t_row_ptr[0] = 0;
    for (int j = 0; j < n; ++j) t_row_ptr[j + 1] = t_row_ptr[j] + all[j];

    const int entries = t_row_ptr[n];
    std::fill(t_col, t_col + entries, 0);
    std::fill(t_val, t_val + entries, 0.0);
    for (int i = lo; i < hi; ++i)
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e) {
            const int at = t_row_ptr[col[e]] + before[col[e]]++;
            t_col[at] = i;
            t_val[at] = val[e];
        }
    MPI_Allreduce(MPI_IN_PLACE, t_col, entries, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, t_val, entries, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}
