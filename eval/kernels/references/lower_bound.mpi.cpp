#include <mpi.h>
#include <algorithm>
#include <vector>

// The sorted array is divided between the ranks: the elements that are less than a key are counted in each part and added up.
extern "C" void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const long *const first = sorted + static_cast<long>(n) * rank / ranks;
    const long *const last = sorted + static_cast<long>(n) * (rank + 1) / ranks;
    std::vector<int> less(m);
    for (int j = 0; j < m; ++j) less[j] = static_cast<int>(std::lower_bound(first, last, keys[j]) - first);
    MPI_Reduce(less.data(), position, m, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
}
