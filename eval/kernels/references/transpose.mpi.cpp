#include <mpi.h>
#include <cstddef>
#include <vector>

extern "C" void transpose(int m, int n, const float *A, float *B) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const auto first_row = [&](int r) { return static_cast<int>(static_cast<long long>(n) * r / ranks); };
    const int lo = first_row(rank), hi = first_row(rank + 1);

    std::vector<float> mine(static_cast<std::size_t>(hi - lo) * m);
    for (int j = lo; j < hi; ++j)
        for (int i = 0; i < m; ++i) mine[static_cast<std::size_t>(j - lo) * m + i] = A[static_cast<std::size_t>(i) * n + j];

    std::vector<int> counts(ranks), offsets(ranks);
    for (int r = 0; r < ranks; ++r) {
        offsets[r] = first_row(r) * m;
        counts[r] = (first_row(r + 1) - first_row(r)) * m;
    }
    MPI_Gatherv(mine.data(), static_cast<int>(mine.size()), MPI_FLOAT, B, counts.data(), offsets.data(), MPI_FLOAT, 0, MPI_COMM_WORLD);
}
