#include <mpi.h>

int find_first(int n, const float *x, float threshold) {
    int rank, ranks, best = n;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long)n * rank / ranks), hi = (int)((long)n * (rank + 1) / ranks);
#pragma omp parallel for reduction(min : best)
    for (int i = lo; i < hi; i++)
        if (x[i] > threshold && i < best) best = i;
    MPI_Allreduce(MPI_IN_PLACE, &best, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    return best < n ? best : -1;
}
