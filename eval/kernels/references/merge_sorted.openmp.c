/* How many elements of x lie below value, or below and at it. */
static int num_before(int n, const double *x, double value, int with_equal) {
    int lo = 0, hi = n;
    while (lo < hi) {
        const int mid = lo + (hi - lo) / 2;
        if (x[mid] < value || (with_equal && x[mid] == value))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
#pragma omp parallel
    {
#pragma omp for nowait
        for (int i = 0; i < m; i++) {
            const int k = i + num_before(n, b, a[i], 0);
            c[k] = a[i];
            source[k] = i;
        }
#pragma omp for
        for (int j = 0; j < n; j++) {
            const int k = j + num_before(m, a, b[j], 1);
            c[k] = b[j];
            source[k] = m + j;
        }
    }
}
