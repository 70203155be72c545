static void sift_down(int *x, int root, int n) {
    const int value = x[root];
    for (;;) {
        int child = 2 * root + 1;
        if (child >= n) break;
        if (child + 1 < n && x[child + 1] > x[child]) child++;
        if (x[child] <= value) break;
        x[root] = x[child];
        root = child;
    }
    x[root] = value;
}

/* Heapsort: in place, and never quadratic. */
void sort_int(int n, int *x) {
    for (int i = n / 2 - 1; i >= 0; i--) sift_down(x, i, n);
    for (int last = n - 1; last > 0; last--) {
        const int largest = x[0];
        x[0] = x[last];
        x[last] = largest;
        sift_down(x, 0, last);
    }
}
