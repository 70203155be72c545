#include <math.h>
#include <mpi.h>
#include <stdlib.h>

void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int *counts = malloc(size * sizeof(int)), *displs = malloc(size * sizeof(int));
    for (int r = 0; r < size; r++) {
        displs[r] = (int)((long)n * r / size);
        counts[r] = (int)((long)n * (r + 1) / size) - displs[r];
    }
    for (int i = displs[rank]; i < displs[rank] + counts[rank]; i++) {
        double a[3] = {0.0, 0.0, 0.0};
        for (int j = 0; j < n; j++) {
            const double d[3] = {x[j] - x[i], y[j] - y[i], z[j] - z[i]};
            const double r2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + softening * softening;
            const double s = mass[j] / (r2 * sqrt(r2));
            for (int k = 0; k < 3; k++) a[k] += s * d[k];
        }
        ax[i] = a[0];
        ay[i] = a[1];
        az[i] = a[2];
    }
    double *out[3] = {ax, ay, az};
    for (int k = 0; k < 3; k++) MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, out[k], counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    free(displs);
    free(counts);
}
