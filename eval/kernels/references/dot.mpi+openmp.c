#include <mpi.h>

double dot(int n, const double *x, const double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int first = (int)((long long)n * rank / ranks);
    const int last = (int)((long long)n * (rank + 1) / ranks);
    double sum = 0.0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = first; i < last; i++) sum += x[i] * y[i];
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return sum;
}
