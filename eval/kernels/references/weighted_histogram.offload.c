void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums, long *counts) {
    for (int b = 0; b < bins; b++) {
        sums[b] = 0.0;
        counts[b] = 0;
    }
    const double width = (high - low) / bins;
#pragma omp target teams distribute parallel for map(to : x[0:n], weight[0:n]) map(tofrom : sums[0:bins], counts[0:bins])
    for (int i = 0; i < n; i++) {
        if (x[i] >= low && x[i] <= high) {
            int b = (int)((x[i] - low) / width);
            if (b > bins - 1) b = bins - 1;
#pragma omp atomic update
            sums[b] += weight[i];
#pragma omp atomic update
            counts[b] += 1;
        }
    }
}
