#include <omp.h>
#include <stdlib.h>

void prefix_sum(int n, const double *x, double *y) {
    double *carry = malloc((omp_get_max_threads() + 1) * sizeof(double));
    carry[0] = 0.0;
#pragma omp parallel
    {
        const int id = omp_get_thread_num(), team = omp_get_num_threads();
        const int lo = (int)((long long)n * id / team), hi = (int)((long long)n * (id + 1) / team);
        double sum = 0.0;
        for (int i = lo; i < hi; i++) sum += x[i];
        carry[id + 1] = sum;
#pragma omp barrier
#pragma omp single
        for (int t = 1; t <= team; t++) carry[t] += carry[t - 1];
        sum = carry[id];
        for (int i = lo; i < hi; i++) {
            sum += x[i];
            y[i] = sum;
        }
    }
    free(carry);
}
