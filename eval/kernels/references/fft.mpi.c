#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static void bit_reverse(int n, double *x) {
    for (int i = 1, j = 0; i < n; i++) {
        int bit = n >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j |= bit;
        if (i < j) {
            const double t = x[i];
            x[i] = x[j];
            x[j] = t;
        }
    }
}

/* The first stages stay inside a rank's block, the last ones pair whole blocks of two ranks.
 * The blocks are a power of two in number; ranks beyond that only receive the result. */
void fft(int n, double *re, double *im) {
    int rank, ranks, used = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    while (2 * used <= ranks && 2 * used <= n) used *= 2;
    const int block = n / used, start = rank * block;
    bit_reverse(n, re);
    bit_reverse(n, im);
    if (rank < used) {
        for (int half = 1; half < block; half *= 2)
            for (int t = 0; t < block / 2; t++) {
                const int k = t % half, a = start + (t / half) * 2 * half + k, b = a + half;
                const double c = cos(pi * k / half), s = -sin(pi * k / half);
                const double tr = c * re[b] - s * im[b], ti = c * im[b] + s * re[b];
                re[b] = re[a] - tr;
                im[b] = im[a] - ti;
                re[a] += tr;
                im[a] += ti;
            }
        double *mine = malloc(4 * block * sizeof(double)), *other = mine + 2 * block;
        for (int half = block; half < n; half *= 2) {
            const int partner = rank ^ (half / block), upper = rank > partner;
            memcpy(mine, re + start, block * sizeof(double));
            memcpy(mine + block, im + start, block * sizeof(double));
            MPI_Sendrecv(mine, 2 * block, MPI_DOUBLE, partner, 0, other, 2 * block, MPI_DOUBLE, partner, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            const double *low = upper ? other : mine, *high = upper ? mine : other;
            for (int i = 0; i < block; i++) {
                const int k = (start + i) % half;
                const double c = cos(pi * k / half), s = -sin(pi * k / half);
                const double tr = c * high[i] - s * high[block + i], ti = c * high[block + i] + s * high[i];
                re[start + i] = upper ? low[i] - tr : low[i] + tr;
                im[start + i] = upper ? low[block + i] - ti : low[block + i] + ti;
            }
        }
        free(mine);
    }
    int *counts = calloc(ranks, sizeof(int)), *displs = calloc(ranks, sizeof(int));
    for (int r = 0; r < used; r++) {
        counts[r] = block;
        displs[r] = r * block;
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, re, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, im, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    free(displs);
    free(counts);
}
