void spmv(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
#pragma omp parallel for
    for (int i = 0; i < n; i++) {
        double sum = 0.0;
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * x[col[e]];
        y[i] = sum;
    }
}
