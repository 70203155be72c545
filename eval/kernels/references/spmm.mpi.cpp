#include <mpi.h>
#include <algorithm>
#include <vector>

// Rows are divided so that every rank has about the same number of entries.
extern "C" void spmm(int m, int, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<int> bounds(ranks + 1, m), counts(ranks), displs(ranks);
    bounds[0] = 0;
    for (int r = 1; r < ranks; ++r) {
        const int entries = static_cast<int>(static_cast<long long>(row_ptr[m]) * r / ranks);
        bounds[r] = static_cast<int>(std::lower_bound(row_ptr, row_ptr + m, entries) - row_ptr);
    }
    for (int r = 0; r < ranks; ++r) {
        displs[r] = bounds[r] * k;
        counts[r] = (bounds[r + 1] - bounds[r]) * k;
    }
    for (int i = bounds[rank]; i < bounds[rank + 1]; ++i) {
        float *y = Y + static_cast<size_t>(i) * k;
        std::fill(y, y + k, 0.0f);
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e)
            for (int c = 0; c < k; ++c) y[c] += val[e] * X[static_cast<size_t>(col[e]) * k + c];
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, Y, counts.data(), displs.data(), MPI_FLOAT, MPI_COMM_WORLD);
}
