void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
    const int total = n > 0 ? offsets[n] : 0;
#pragma omp target data map(to : offsets[0:n + 1], x[0:total]) map(from : sums[0:n])
#pragma omp target teams distribute parallel for schedule(static, 1)
    for (int s = 0; s < n; s++) {
        const int begin = offsets[s], end = offsets[s + 1];
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int i = begin; i < end; i++) sum += x[i];
        sums[s] = sum;
    }
}
