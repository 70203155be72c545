#include <mpi.h>
#include <algorithm>
#include <vector>

// The keys are divided between the ranks; the first one collects the positions.
extern "C" void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<int> first(ranks + 1), counts(ranks);
    for (int r = 0; r <= ranks; ++r) first[r] = static_cast<int>(static_cast<long>(m) * r / ranks);
    for (int r = 0; r < ranks; ++r) counts[r] = first[r + 1] - first[r];
    std::vector<int> mine(counts[rank]);
    std::transform(keys + first[rank], keys + first[rank + 1], mine.begin(), [=](long key) {
        return static_cast<int>(std::lower_bound(sorted, sorted + n, key) - sorted);
    });
    MPI_Gatherv(mine.data(), counts[rank], MPI_INT, position, counts.data(), first.data(), MPI_INT, 0, MPI_COMM_WORLD);
}
