#include <math.h>
#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

static double dot(int lo, int hi, const double *v, const double *w) {
    double sum = 0.0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = lo; i < hi; i++) sum += v[i] * w[i];
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return sum;
}

static void multiply(int lo, int hi, const int *row_ptr, const int *col, const double *val, const double *v, double *w) {
#pragma omp parallel for schedule(guided)
    for (int i = lo; i < hi; i++) {
        double sum = 0.0;
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * v[col[e]];
        w[i] = sum;
    }
}

void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
    for (int s = 0; s < ranks; s++) {
        displs[s] = (int)((long)n * s / ranks);
        counts[s] = (int)((long)n * (s + 1) / ranks) - displs[s];
    }
    const int lo = displs[rank], hi = lo + counts[rank];
    double *r = malloc((n + 1) * sizeof(double)), *p = malloc((n + 1) * sizeof(double)), *q = malloc((n + 1) * sizeof(double));
    multiply(lo, hi, row_ptr, col, val, x, q);
#pragma omp parallel for
    for (int i = lo; i < hi; i++) p[i] = r[i] = b[i] - q[i];
    const double limit = tolerance * sqrt(dot(lo, hi, b, b));
    double rho = dot(lo, hi, r, r);
    for (int step = 0; step < max_iterations && sqrt(rho) > limit; step++) {
        MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, p, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
        multiply(lo, hi, row_ptr, col, val, p, q);
        const double alpha = rho / dot(lo, hi, p, q);
#pragma omp parallel for
        for (int i = lo; i < hi; i++) {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
        }
        const double next = dot(lo, hi, r, r), beta = next / rho;
        rho = next;
#pragma omp parallel for
        for (int i = lo; i < hi; i++) p[i] = r[i] + beta * p[i];
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    free(q);
    free(p);
    free(r);
    free(displs);
    free(counts);
}
