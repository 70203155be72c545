void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
    for (int s = 0; s < n; s++) {
        float sum = 0.0f;
        for (int i = offsets[s]; i < offsets[s + 1]; i++) sum += x[i];
        sums[s] = sum;
    }
}
