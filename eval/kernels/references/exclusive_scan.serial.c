long exclusive_scan(int n, const int *counts, long *offsets) {
    long next = 0;
    for (int i = 0; i < n; i++) {
        offsets[i] = next;
        next += counts[i];
    }
    return next;
}
