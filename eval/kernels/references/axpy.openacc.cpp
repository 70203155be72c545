extern "C" void axpy(int n, double a, const double *x, double *y) {
#pragma acc enter data copyin(x[0:n], y[0:n])
#pragma acc parallel loop gang vector present(x[0:n], y[0:n])
    for (int i = 0; i < n; ++i) y[i] += a * x[i];
#pragma acc exit data copyout(y[0:n]) delete(x[0:n])
}
