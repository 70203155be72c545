#include <mpi.h>

#include <algorithm>
#include <vector>

/* Ranks find the positions of their elements of a and of b, rank 0 puts them there. */
extern "C" void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int total = m + n;
    std::vector<int> position(total), first(ranks), counts(ranks);
    for (int r = 0; r < ranks; r++) {
        first[r] = static_cast<int>(static_cast<long long>(total) * r / ranks);
        counts[r] = static_cast<int>(static_cast<long long>(total) * (r + 1) / ranks) - first[r];
    }
    for (int e = first[rank]; e < first[rank] + counts[rank]; e++) {
        if (e < m)
            position[e] = e + static_cast<int>(std::lower_bound(b, b + n, a[e]) - b);
        else
            position[e] = e - m + static_cast<int>(std::upper_bound(a, a + m, b[e - m]) - a);
    }
    MPI_Gatherv(rank == 0 ? MPI_IN_PLACE : position.data() + first[rank], counts[rank], MPI_INT, position.data(), counts.data(),
                first.data(), MPI_INT, 0, MPI_COMM_WORLD);
    if (rank != 0) return;
    for (int e = 0; e < total; e++) {
        c[position[e]] = e < m ? a[e] : b[e - m];
        source[position[e]] = e;
    }
}
