extern "C" long triangle_count(int n, const int *row_ptr, const int *col) {
    const int entries = row_ptr[n];
    long triangles = 0;
#pragma omp target data map(to : row_ptr[:n + 1], col[:entries])
    {
#pragma omp target teams distribute parallel for map(tofrom : triangles) reduction(+ : triangles)
        for (int u = 0; u < n; ++u) {
            long mine = 0;
            for (int e = row_ptr[u]; e < row_ptr[u + 1]; ++e) {
                const int v = col[e];
                if (v > u) break;
                // Common neighbours before v.
                for (int p = row_ptr[u], q = row_ptr[v]; p < e && q < row_ptr[v + 1];) {
                    const int difference = col[p] - col[q];
                    mine += difference == 0;
                    p += difference <= 0;
                    q += difference >= 0;
                }
            }
            triangles += mine;
        }
    }
    return triangles;
}
