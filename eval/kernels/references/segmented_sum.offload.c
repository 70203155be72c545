void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
    const int total = n > 0 ? offsets[n] : 0;
    /* A team takes a segment, its threads the elements. */
#pragma omp target teams distribute map(to : offsets[0:n + 1], x[0:total]) map(from : sums[0:n])
    for (int s = 0; s < n; s++) {
        float sum = 0.0f;
#pragma omp parallel for reduction(+ : sum)
        for (int i = offsets[s]; i < offsets[s + 1]; i++) sum += x[i];
        sums[s] = sum;
    }
}
