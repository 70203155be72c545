void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
    const int length = offsets[n];
#pragma acc parallel loop gang copyin(offsets[0:n + 1], x[0:length]) copyout(sums[0:n])
    for (int s = 0; s < n; s++) {
        float sum = 0.0f;
#pragma acc loop vector reduction(+ : sum)
        for (int i = offsets[s]; i < offsets[s + 1]; i++) sum += x[i];
        sums[s] = sum;
    }
}
