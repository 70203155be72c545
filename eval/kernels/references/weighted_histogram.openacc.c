#pragma acc routine seq
static int find_bin(double value, int bins, double low, double high) {
    const int bin = (int)((value - low) / (high - low) * bins);
    return bin == bins ? bins - 1 : bin;
}

void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums, long *counts) {
    for (int b = 0; b < bins; b++) sums[b] = 0.0;
    for (int b = 0; b < bins; b++) counts[b] = 0;
#pragma acc parallel loop copyin(x[0:n], weight[0:n]) copy(sums[0:bins], counts[0:bins])
    for (int i = 0; i < n; i++) {
        if (x[i] >= low && x[i] <= high) {
            const int bin = find_bin(x[i], bins, low, high);
#pragma acc atomic update
            sums[bin] += weight[i];
#pragma acc atomic update
            counts[bin] += 1;
        }
    }
}
