void spmv(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
    const int entries = row_ptr[n];
#pragma acc parallel loop gang copyin(row_ptr[0 : n + 1], col[0 : entries], val[0 : entries], x[0 : n]) copyout(y[0 : n])
    for (int i = 0; i < n; i++) {
        double sum = 0.0;
#pragma acc loop vector reduction(+ : sum)
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * x[col[e]];
        y[i] = sum;
    }
}
