static long common_after(const int *a, int na, const int *b, int nb, int limit) {
    long count = 0;
    int i = 0, j = 0;
    while (i < na && j < nb) {
        if (a[i] < b[j]) {
            i++;
        } else if (a[i] > b[j]) {
            j++;
        } else {
            count += a[i] > limit;
            i++;
            j++;
        }
    }
    return count;
}

long triangle_count(int n, const int *row_ptr, const int *col) {
    long total = 0;
#pragma omp parallel for schedule(dynamic, 16) reduction(+ : total)
    for (int u = 0; u < n; u++)
        for (int e = row_ptr[u]; e < row_ptr[u + 1]; e++) {
            const int v = col[e];
            if (v > u) total += common_after(col + row_ptr[u], row_ptr[u + 1] - row_ptr[u], col + row_ptr[v], row_ptr[v + 1] - row_ptr[v], v);
        }
    return total;
}
