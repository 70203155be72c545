#include <complex.h>
#include <math.h>
#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

/* Stockham stages on all ranks' butterflies; a rank's threads share its part, and the parts are gathered after each stage. */
void fft(int n, double *re, double *im) {
    const double pi = 3.14159265358979323846;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    double complex *from = malloc(n * sizeof *from), *to = malloc(n * sizeof *to);
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
#pragma omp parallel for
    for (int i = 0; i < n; i++) from[i] = re[i] + I * im[i];
    for (int length = n, stride = 1; length > 1; length /= 2, stride *= 2) {
        const int half = length / 2;
        for (int r = 0; r < ranks; r++) {
            displs[r] = (int)((long)half * r / ranks) * 2 * stride;
            counts[r] = (int)((long)half * (r + 1) / ranks) * 2 * stride - displs[r];
        }
        const int first = displs[rank] / 2, last = first + counts[rank] / 2;
#pragma omp parallel for
        for (int index = first; index < last; index++) {
            const int p = index / stride, q = index % stride;
            const double angle = -2.0 * pi * p / length;
            const double complex a = from[q + stride * p], b = from[q + stride * (p + half)];
            to[q + stride * 2 * p] = a + b;
            to[q + stride * (2 * p + 1)] = (a - b) * (cos(angle) + I * sin(angle));
        }
        MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, to, counts, displs, MPI_C_DOUBLE_COMPLEX, MPI_COMM_WORLD);
        double complex *swap = from;
        from = to;
        to = swap;
    }
#pragma omp parallel for
    for (int i = 0; i < n; i++) {
        re[i] = creal(from[i]);
        im[i] = cimag(from[i]);
    }
    free(displs);
    free(counts);
    free(to);
    free(from);
}
