#include <mpi.h>

long count_above(int n, const int *x, int limit) {
    int me, procs;
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    MPI_Comm_size(MPI_COMM_WORLD, &procs);
    const int base = n / procs, extra = n % procs;
    const int begin = me * base + (me < extra ? me : extra);
    const int end = begin + base + (me < extra);
    long local = 0, global = 0;
    for (int i = begin; i < end; i++)
        if (x[i] > limit) local++;
    MPI_Allreduce(&local, &global, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    return global;
}
