#include <stdlib.h>

void stencil1d(int n, int sweeps, float left, float centre, float right, float *u) {
    float *old = malloc((n + 1) * sizeof(float));
#pragma omp target data map(tofrom : u[0:n]) map(alloc : old[0:n])
    for (int sweep = 0; sweep < sweeps; sweep++) {
#pragma omp target teams distribute parallel for
        for (int i = 0; i < n; i++) old[i] = u[i];
#pragma omp target teams distribute parallel for
        for (int i = 0; i < n; i++) u[i] = left * old[i > 0 ? i - 1 : n - 1] + centre * old[i] + right * old[i < n - 1 ? i + 1 : 0];
    }
    free(old);
}
