void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
#pragma omp parallel for
    for (int v = 0; v < n; v++) level[v] = v == source ? 0 : -1;
    int found = 1;
    for (int depth = 0; found; depth++) {
        found = 0;
#pragma omp parallel for schedule(dynamic, 64) reduction(|| : found)
        for (int v = 0; v < n; v++) {
            int mine;
#pragma omp atomic read
            mine = level[v];
            if (mine != depth) continue;
            for (int e = row_ptr[v]; e < row_ptr[v + 1]; e++) {
                int theirs;
#pragma omp atomic read
                theirs = level[col[e]];
                if (theirs == -1) {
                    /* Others may write the same value. */
#pragma omp atomic write
                    level[col[e]] = depth + 1;
                    found = 1;
                }
            }
        }
    }
}
