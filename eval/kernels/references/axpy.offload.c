void axpy(int n, double a, const double *x, double *y) {
#pragma omp target teams distribute parallel for simd map(to : x[0:n]) map(tofrom : y[0:n])
    for (int i = 0; i < n; i++) y[i] += a * x[i];
}
