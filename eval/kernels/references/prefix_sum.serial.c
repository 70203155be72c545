void prefix_sum(int n, const double *x, double *y) {
    double running = 0.0;
    for (int i = 0; i < n; i++) {
        running += x[i];
        y[i] = running;
    }
}
