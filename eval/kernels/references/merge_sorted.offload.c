#pragma omp declare target
static int position(const double *x, int n, double value, int after_equal) {
    int lo = 0, hi = n;
    while (lo < hi) {
        const int mid = lo + (hi - lo) / 2;
        if (x[mid] < value || (after_equal && x[mid] == value))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}
#pragma omp end declare target

void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
#pragma omp target data map(to : a[0:m], b[0:n]) map(from : c[0:m + n], source[0:m + n])
    {
#pragma omp target teams distribute parallel for
        for (int i = 0; i < m; i++) {
            const int k = i + position(b, n, a[i], 0);
            c[k] = a[i];
            source[k] = i;
        }
#pragma omp target teams distribute parallel for
        for (int j = 0; j < n; j++) {
            const int k = j + position(a, m, b[j], 1);
            c[k] = b[j];
            source[k] = m + j;
        }
    }
}
