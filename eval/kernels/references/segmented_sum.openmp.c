void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
    /* Segments differ in length, so threads fetch a few at a time. */
#pragma omp parallel for schedule(dynamic, 16)
    for (int s = 0; s < n; s++) {
        float sum = 0.0f;
        for (int i = offsets[s]; i < offsets[s + 1]; i++) sum += x[i];
        sums[s] = sum;
    }
}
