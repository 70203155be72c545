static int bound(int n, const long *sorted, long key) {
    int base = 0, length = n;
    while (length > 0) {
        const int half = length / 2;
        if (sorted[base + half] < key) {
            base += half + 1;
            length -= half + 1;
        } else {
            length = half;
        }
    }
    return base;
}

void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
#pragma omp parallel for schedule(static)
    for (int j = 0; j < m; j++) position[j] = bound(n, sorted, keys[j]);
}
