#include <mpi.h>
#include <algorithm>
#include <vector>

extern "C" int find_first(int n, const float *x, float threshold) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int chunk = n / ranks + (n % ranks != 0);
    const int lo = std::min(n, rank * chunk), hi = std::min(n, lo + chunk);
    const auto hit = std::find_if(x + lo, x + hi, [=](float v) { return v > threshold; });
    const int mine = hit == x + hi ? -1 : static_cast<int>(hit - x);

    std::vector<int> all(ranks);
    MPI_Allgather(&mine, 1, MPI_INT, all.data(), 1, MPI_INT, MPI_COMM_WORLD);
    for (int found : all)
        if (found >= 0) return found;
    return -1;
}
