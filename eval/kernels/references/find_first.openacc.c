int find_first(int n, const float *x, float threshold) {
    int first = n;
#pragma acc parallel loop copyin(x[0 : n]) copy(first) reduction(min : first)
    for (int i = 0; i < n; i++) {
        const int candidate = x[i] > threshold ? i : n;
        first = candidate < first ? candidate : first;
    }
    return first == n ? -1 : first;
}
