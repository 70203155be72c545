#include <mpi.h>

double dot(int n, const double *x, const double *y) {
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    /* Strided shares need no bounds. */
    double part = 0.0, sum = 0.0;
    for (int i = rank; i < n; i += size) part += x[i] * y[i];
    MPI_Allreduce(&part, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return sum;
}
