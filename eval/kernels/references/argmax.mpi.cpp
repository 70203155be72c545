#include <mpi.h>

#include <algorithm>
#include <vector>

extern "C" int argmax(int n, const float *x) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const auto bound = [=](int part) { return static_cast<int>(static_cast<long long>(n) * part / ranks); };
    int winner = -1;
    if (const int lo = bound(rank), hi = bound(rank + 1); lo < hi) winner = static_cast<int>(std::max_element(x + lo, x + hi) - x);
    std::vector<int> winners(ranks);
    MPI_Allgather(&winner, 1, MPI_INT, winners.data(), 1, MPI_INT, MPI_COMM_WORLD);
    int best = -1;
    for (int other : winners)
        if (other >= 0 && (best < 0 || x[other] > x[best])) best = other;
    return best;
}
