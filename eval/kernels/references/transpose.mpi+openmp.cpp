#include <mpi.h>
#include <omp.h>
#include <cstddef>
#include <vector>

extern "C" void transpose(int m, int n, const float *A, float *B) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<int> rows(ranks + 1), counts(ranks), displs(ranks);
    for (int r = 0; r <= ranks; ++r) rows[r] = static_cast<int>(static_cast<long>(n) * r / ranks);
    for (int r = 0; r < ranks; ++r) {
        counts[r] = (rows[r + 1] - rows[r]) * m;
        displs[r] = rows[r] * m;
    }
#pragma omp parallel for schedule(static)
    for (int j = rows[rank]; j < rows[rank + 1]; ++j) {
        float *out = B + static_cast<std::size_t>(j) * m;
        for (int i = 0; i < m; ++i) out[i] = A[static_cast<std::size_t>(i) * n + j];
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, B, counts.data(), displs.data(), MPI_FLOAT, MPI_COMM_WORLD);
}
