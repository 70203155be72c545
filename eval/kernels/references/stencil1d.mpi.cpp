#include <mpi.h>

#include <vector>

extern "C" void stencil1d(int n, int sweeps, float left, float centre, float right, float *u) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<int> first(ranks + 1), counts(ranks);
    for (int r = 0; r <= ranks; ++r) first[r] = static_cast<int>(static_cast<long long>(n) * r / ranks);
    for (int r = 0; r < ranks; ++r) counts[r] = first[r + 1] - first[r];
    const int lo = first[rank], length = counts[rank];
    /* So many ghosts on both sides that all sweeps can be made without a message, on a part that shrinks by one at each end. */
    std::vector<float> now(length + 2 * static_cast<std::size_t>(sweeps)), next(now.size());
    for (std::size_t g = 0; g < now.size() && n > 0; ++g) {
        const long long at = (lo - static_cast<long long>(sweeps) + static_cast<long long>(g)) % n;
        now[g] = u[at < 0 ? at + n : at];
    }
    for (int sweep = 1; sweep <= sweeps; ++sweep) {
        for (std::size_t i = sweep; i + sweep < now.size(); ++i) next[i] = left * now[i - 1] + centre * now[i] + right * now[i + 1];
        now.swap(next);
    }
    MPI_Allgatherv(now.data() + sweeps, length, MPI_FLOAT, u, counts.data(), first.data(), MPI_FLOAT, MPI_COMM_WORLD);
}
