static int bin_of(double value, int bins, double low, double high) {
    if (value < low || value > high) return -1;
    const int b = (int)((value - low) * bins / (high - low));
    return b < bins ? b : bins - 1;
}

void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums, long *counts) {
    for (int b = 0; b < bins; b++) {
        sums[b] = 0.0;
        counts[b] = 0;
    }
#pragma omp parallel for reduction(+ : sums[0:bins], counts[0:bins])
    for (int i = 0; i < n; i++) {
        const int b = bin_of(x[i], bins, low, high);
        if (b >= 0) {
            sums[b] += weight[i];
            counts[b]++;
        }
    }
}
