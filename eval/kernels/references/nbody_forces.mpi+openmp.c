#include <math.h>
#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *first = malloc((ranks + 1) * sizeof(int));
    for (int r = 0; r <= ranks; r++) first[r] = (int)((long long)n * r / ranks);
    for (int r = 0; r < ranks; r++) counts[r] = first[r + 1] - first[r];
    const double eps2 = softening * softening;
#pragma omp parallel for
    for (int i = first[rank]; i < first[rank + 1]; i++) {
        double sx = 0.0, sy = 0.0, sz = 0.0;
        for (int j = 0; j < n; j++) {
            const double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
            const double d2 = dx * dx + dy * dy + dz * dz + eps2;
            const double w = mass[j] / (d2 * sqrt(d2));
            sx += w * dx;
            sy += w * dy;
            sz += w * dz;
        }
        ax[i] = sx;
        ay[i] = sy;
        az[i] = sz;
    }
    MPI_Request requests[3];
    MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, ax, counts, first, MPI_DOUBLE, MPI_COMM_WORLD, &requests[0]);
    MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, ay, counts, first, MPI_DOUBLE, MPI_COMM_WORLD, &requests[1]);
    MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, az, counts, first, MPI_DOUBLE, MPI_COMM_WORLD, &requests[2]);
    MPI_Waitall(3, requests, MPI_STATUSES_IGNORE);
    free(first);
    free(counts);
}
