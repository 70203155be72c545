#include <mpi.h>
#include <algorithm>
#include <iterator>
#include <vector>

extern "C" long triangle_count(int n, const int *row_ptr, const int *col) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    // Blocks of vertices with about the same number of edges.
    const auto bound = [&](int r) {
        const long edges = static_cast<long>(row_ptr[n]) * r / ranks;
        return r == ranks ? n : static_cast<int>(std::lower_bound(row_ptr, row_ptr + n, static_cast<int>(edges)) - row_ptr);
    };
    long count = 0;
    std::vector<int> common;
    for (int u = rank == 0 ? 0 : bound(rank); u < bound(rank + 1); ++u) {
        const int *const last = col + row_ptr[u + 1];
        for (const int *v = std::upper_bound(col + row_ptr[u], last, u); v < last; ++v) {
            common.clear();
            std::set_intersection(v + 1, last, col + row_ptr[*v], col + row_ptr[*v + 1], std::back_inserter(common));
            count += static_cast<long>(common.size());
        }
    }
    long total = 0;
    MPI_Reduce(&count, &total, 1, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    return total;
}
