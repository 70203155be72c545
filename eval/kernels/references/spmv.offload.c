void spmv(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
    const int nnz = row_ptr[n];
#pragma omp target teams distribute parallel for map(to : row_ptr[0 : n + 1], col[0 : nnz], val[0 : nnz], x[0 : n]) map(from : y[0 : n])
    for (int i = 0; i < n; i++) {
        double sum = 0.0;
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * x[col[e]];
        y[i] = sum;
    }
}
