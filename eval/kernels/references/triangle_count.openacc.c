#pragma acc routine seq
static long shared_neighbours(const int *p, const int *p_end, const int *q, const int *q_end) {
    long count = 0;
    while (p < p_end && q < q_end) {
        const int a = *p, b = *q;
        if (a == b) count++;
        if (a <= b) p++;
        if (b <= a) q++;
    }
    return count;
}

long triangle_count(int n, const int *row_ptr, const int *col) {
    const int edges = row_ptr[n];
    long triangles = 0;
#pragma acc parallel loop gang vector copyin(row_ptr[0 : n + 1], col[0 : edges]) copy(triangles) reduction(+ : triangles)
    for (int u = 0; u < n; u++) {
        long mine = 0;
#pragma acc loop seq
        for (int e = row_ptr[u]; e < row_ptr[u + 1]; e++) {
            const int v = col[e];
            if (v > u) mine += shared_neighbours(col + e + 1, col + row_ptr[u + 1], col + row_ptr[v], col + row_ptr[v + 1]);
        }
        triangles += mine;
    }
    return triangles;
}
