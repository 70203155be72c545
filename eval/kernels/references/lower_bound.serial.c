void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
    for (int j = 0; j < m; j++) {
        int low = 0, high = n;
        while (low < high) {
            const int middle = low + (high - low) / 2;
            if (sorted[middle] < keys[j])
                low = middle + 1;
            else
                high = middle;
        }
        position[j] = low;
    }
}
