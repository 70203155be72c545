#include <mpi.h>

#include <cstddef>
#include <vector>

namespace {

void update(int lo, int hi, int ny, int nz, double alpha, const std::vector<double> &from, double *to) {
    const std::size_t plane = static_cast<std::size_t>(ny) * nz;
    for (int i = lo; i < hi; ++i)
        for (int j = 1; j < ny - 1; ++j)
            for (int k = 1; k < nz - 1; ++k) {
                const std::size_t at = i * plane + static_cast<std::size_t>(j) * nz + k;
                const double near = from[at - plane] + from[at + plane] + from[at - nz] + from[at + nz] + from[at - 1] + from[at + 1];
                to[at] = from[at] + alpha * (near - 6.0 * from[at]);
            }
}

}  // namespace

extern "C" void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u) {
    if (nx < 3) return;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const std::size_t size = static_cast<std::size_t>(nx) * ny * nz;
    std::vector<int> first(ranks + 1), counts(ranks);
    for (int r = 0; r <= ranks; ++r) first[r] = 1 + static_cast<int>(static_cast<long>(nx - 2) * r / ranks);
    const int lo = first[rank], hi = first[rank + 1], plane = ny * nz;
    for (int r = 0; r < ranks; ++r) {
        counts[r] = (first[r + 1] - first[r]) * plane;
        first[r] *= plane;
    }
    std::vector<double> old(size);
    for (int step = 0; step < steps; ++step) {
        old.assign(u, u + size);
        update(lo, hi, ny, nz, alpha, old, u);
        /* Simple rather than sparing: all ranks receive all planes. */
        MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, u, counts.data(), first.data(), MPI_DOUBLE, MPI_COMM_WORLD);
    }
}
