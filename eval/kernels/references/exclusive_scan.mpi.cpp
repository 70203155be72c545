#include <mpi.h>

#include <algorithm>
#include <numeric>
#include <vector>

extern "C" long exclusive_scan(int n, const int *counts, long *offsets) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    /* Equal chunks, the last ones shorter or empty. */
    const int chunk = (n + ranks - 1) / ranks;
    std::vector<int> at(ranks + 1), lengths(ranks);
    for (int r = 0; r <= ranks; ++r) at[r] = static_cast<int>(std::min<long long>(n, static_cast<long long>(r) * chunk));
    for (int r = 0; r < ranks; ++r) lengths[r] = at[r + 1] - at[r];

    std::vector<long> sums(ranks);
    const long own = std::accumulate(counts + at[rank], counts + at[rank + 1], 0L);
    MPI_Allgather(&own, 1, MPI_LONG, sums.data(), 1, MPI_LONG, MPI_COMM_WORLD);

    std::vector<long> mine(lengths[rank]);
    long next = std::accumulate(sums.begin(), sums.begin() + rank, 0L);
    for (int i = 0; i < lengths[rank]; ++i) {
        mine[i] = next;
        next += counts[at[rank] + i];
    }
    MPI_Gatherv(mine.data(), lengths[rank], MPI_LONG, offsets, lengths.data(), at.data(), MPI_LONG, 0, MPI_COMM_WORLD);
    return std::accumulate(sums.begin(), sums.end(), 0L);
}
