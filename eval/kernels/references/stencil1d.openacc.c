#include <stdlib.h>

void stencil1d(int n, int sweeps, float left, float centre, float right, float *u) {
    float *next = malloc((n + 1) * sizeof(float));
#pragma acc data copy(u[0:n]) create(next[0:n])
    for (int sweep = 0; sweep < sweeps; sweep++) {
#pragma acc parallel loop
        for (int i = 0; i < n; i++) next[i] = left * u[(i + n - 1) % n] + centre * u[i] + right * u[(i + 1) % n];
#pragma acc parallel loop
        for (int i = 0; i < n; i++) u[i] = next[i];
    }
    free(next);
}
