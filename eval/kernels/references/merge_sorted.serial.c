void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
    int i = 0, j = 0;
    for (int k = 0; k < m + n; k++) {
        if (j == n || (i < m && a[i] <= b[j])) {
            c[k] = a[i];
            source[k] = i++;
        } else {
            c[k] = b[j];
            source[k] = m + j++;
        }
    }
}
