#pragma omp declare target
static int count_less(const long *sorted, int n, long key) {
    int lo = 0, hi = n;
    while (lo < hi) {
        const int mid = lo + (hi - lo) / 2;
        if (sorted[mid] < key) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}
#pragma omp end declare target

void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
#pragma omp target teams distribute parallel for map(to : sorted[0 : n], keys[0 : m]) map(from : position[0 : m])
    for (int j = 0; j < m; j++) position[j] = count_less(sorted, n, keys[j]);
}
