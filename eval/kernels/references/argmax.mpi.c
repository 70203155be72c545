#include <mpi.h>

int argmax(int n, const float *x) {
    int rank, ranks;
    if (n == 0) return -1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long long)n * rank / ranks), hi = (int)((long long)n * (rank + 1) / ranks);
    struct {
        float value;
        int index;
    } best = {x[0], 0};
    for (int i = lo; i < hi; i++)
        if (x[i] > best.value) {
            best.value = x[i];
            best.index = i;
        }
    /* MAXLOC takes the smallest index of equal values. */
    MPI_Allreduce(MPI_IN_PLACE, &best, 1, MPI_FLOAT_INT, MPI_MAXLOC, MPI_COMM_WORLD);
    return best.index;
}
