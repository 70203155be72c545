void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    const int edges = row_ptr[n];
    int found = 1;
#pragma omp target data map(to : row_ptr[0 : n + 1], col[0 : edges]) map(from : level[0 : n])
    {
#pragma omp target teams distribute parallel for
        for (int v = 0; v < n; v++) level[v] = v == source ? 0 : -1;
        for (int depth = 0; found; depth++) {
            found = 0;
#pragma omp target teams distribute parallel for map(tofrom : found) reduction(max : found)
            for (int v = 0; v < n; v++) {
                int own;
#pragma omp atomic read
                own = level[v];
                if (own == depth)
                    for (int e = row_ptr[v]; e < row_ptr[v + 1]; e++) {
                        int other;
#pragma omp atomic read
                        other = level[col[e]];
                        if (other < 0) {
#pragma omp atomic write
                            level[col[e]] = depth + 1;
                            found = 1;
                        }
                    }
            }
        }
    }
}
