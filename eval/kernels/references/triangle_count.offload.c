long triangle_count(int n, const int *row_ptr, const int *col) {
    const int edges = row_ptr[n];
    long count = 0;
#pragma omp target teams distribute parallel for map(to : row_ptr[0 : n + 1], col[0 : edges]) map(tofrom : count) reduction(+ : count)
    for (int u = 0; u < n; u++)
        for (int e = row_ptr[u]; e < row_ptr[u + 1]; e++) {
            const int v = col[e];
            if (v > u) {
                int p = e + 1, q = row_ptr[v];
                while (p < row_ptr[u + 1] && q < row_ptr[v + 1]) {
                    const int difference = col[p] - col[q];
                    if (difference == 0) count++;
                    if (difference <= 0) p++;
                    if (difference >= 0) q++;
                }
            }
        }
    return count;
}
