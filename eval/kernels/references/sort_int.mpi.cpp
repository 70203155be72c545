#include <mpi.h>

#include <algorithm>
#include <climits>
#include <vector>

/* Odd-even transposition of blocks: neighbours exchange, the lower rank keeps the smaller half. The blocks are
   equally long, as the last ones are filled up with the largest int, which stays at the end. */
extern "C" void sort_int(int n, int *x) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int length = n / ranks + (n % ranks != 0);
    std::vector<int> mine(length, INT_MAX), theirs(length), both(2 * static_cast<std::size_t>(length));
    for (int i = 0; i < length && static_cast<long>(rank) * length + i < n; i++) mine[i] = x[rank * length + i];
    std::sort(mine.begin(), mine.end());

    for (int phase = 0; phase < ranks; phase++) {
        const int partner = (rank + phase) % 2 == 0 ? rank + 1 : rank - 1;
        if (partner < 0 || partner >= ranks) continue;
        MPI_Sendrecv(mine.data(), length, MPI_INT, partner, phase, theirs.data(), length, MPI_INT, partner, phase, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        std::merge(mine.begin(), mine.end(), theirs.begin(), theirs.end(), both.begin());
        std::copy_n(both.begin() + (rank < partner ? 0 : length), length, mine.begin());
    }
    std::vector<int> all(rank == 0 ? static_cast<std::size_t>(ranks) * length : 0);
    MPI_Gather(mine.data(), length, MPI_INT, all.data(), length, MPI_INT, 0, MPI_COMM_WORLD);
    if (rank == 0) std::copy_n(all.begin(), n, x);
}
