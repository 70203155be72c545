#include <mpi.h>

int argmax(int n, const float *x) {
    if (n == 0) return -1;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int begin = (int)((long long)n * rank / ranks), end = (int)((long long)n * (rank + 1) / ranks);
    struct { float value; int index; } local = {x[0], 0}, global;
#pragma omp parallel
    {
        int mine = 0;
#pragma omp for schedule(static) nowait
        for (int i = begin; i < end; i++)
            if (x[i] > x[mine]) mine = i;
#pragma omp critical
        {
            if (x[mine] > local.value || (x[mine] == local.value && mine < local.index)) {
                local.value = x[mine];
                local.index = mine;
            }
        }
    }
    MPI_Allreduce(&local, &global, 1, MPI_FLOAT_INT, MPI_MAXLOC, MPI_COMM_WORLD);
    return global.index;
}
