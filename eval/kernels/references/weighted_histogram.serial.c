void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums, long *counts) {
    for (int b = 0; b < bins; b++) {
        sums[b] = 0.0;
        counts[b] = 0;
    }
    const double width = (high - low) / bins;
    for (int i = 0; i < n; i++) {
        if (x[i] < low || x[i] > high) continue;
        int b = (int)((x[i] - low) / width);
        if (b >= bins) b = bins - 1;
        sums[b] += weight[i];
        counts[b]++;
    }
}
