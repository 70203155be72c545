/* Every element of the output finds out by itself where it comes from. */
void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
    const int total = m + n;
    if (total == 0) return;
#pragma acc parallel loop copyin(a[0:m], b[0:n]) copyout(c[0:total], source[0:total])
    for (int k = 0; k < total; k++) {
        int lo = k > n ? k - n : 0, hi = k < m ? k : m;
        while (lo < hi) {
            const int i = (lo + hi) / 2;
            if (a[i] <= b[k - i - 1])
                lo = i + 1;
            else
                hi = i;
        }
        const int j = k - lo;
        if (j == n || (lo < m && a[lo] <= b[j])) {
            c[k] = a[lo];
            source[k] = lo;
        } else {
            c[k] = b[j];
            source[k] = m + j;
        }
    }
}
