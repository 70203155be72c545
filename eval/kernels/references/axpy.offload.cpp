extern "C" void axpy(int n, double a, const double *x, double *y) {
#pragma omp target data map(to : x[:n]) map(tofrom : y[:n])
    {
#pragma omp target teams loop
        for (int i = 0; i < n; ++i) y[i] = a * x[i] + y[i];
    }
}
