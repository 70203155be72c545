extern "C" double dot(int n, const double *x, const double *y) {
    double total = 0.0;
#pragma omp parallel
    {
        double mine = 0.0;
#pragma omp for nowait
        for (int i = 0; i < n; ++i) mine += x[i] * y[i];
#pragma omp atomic
        total += mine;
    }
    return total;
}
