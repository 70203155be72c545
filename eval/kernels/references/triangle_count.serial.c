long triangle_count(int n, const int *row_ptr, const int *col) {
    long triangles = 0;
    for (int u = 0; u < n; u++)
        for (int e = row_ptr[u]; e < row_ptr[u + 1]; e++) {
            const int v = col[e];
            if (v <= u) continue;
            /* Common neighbours behind v: the rest of u's list against v's. */
            int p = e + 1, q = row_ptr[v];
            while (p < row_ptr[u + 1] && q < row_ptr[v + 1]) {
                if (col[p] == col[q]) {
                    triangles++;
                    p++;
                    q++;
                } else if (col[p] < col[q]) {
                    p++;
                } else {
                    q++;
                }
            }
        }
    return triangles;
}
