#include <limits.h>
#include <mpi.h>

int find_first(int n, const float *x, float threshold) {
    int rank, ranks, mine = INT_MAX, first;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long)n * rank / ranks), hi = (int)((long)n * (rank + 1) / ranks);
    for (int i = lo; i < hi; i++)
        if (x[i] > threshold) {
            mine = i;
            break;
        }
    MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    return first == INT_MAX ? -1 : first;
}
