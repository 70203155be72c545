#include <mpi.h>
#include <omp.h>
#include <algorithm>
#include <vector>

// Each rank has a part of the sorted array, each thread a part of the keys.
extern "C" void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const long *begin = sorted + static_cast<long>(n) * rank / ranks, *end = sorted + static_cast<long>(n) * (rank + 1) / ranks;
    std::vector<int> smaller(m);
#pragma omp parallel for
    for (int j = 0; j < m; ++j) smaller[j] = static_cast<int>(std::lower_bound(begin, end, keys[j]) - begin);
    MPI_Allreduce(smaller.data(), position, m, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
}
