extern "C" void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
#pragma omp target data map(to : sorted[:n], keys[:m]) map(from : position[:m])
    {
#pragma omp target teams distribute parallel for
        for (int j = 0; j < m; ++j) {
            int below = -1, above = n;
            while (above - below > 1) {
                const int middle = below + (above - below) / 2;
                (sorted[middle] < keys[j] ? below : above) = middle;
            }
            position[j] = above;
        }
    }
}
