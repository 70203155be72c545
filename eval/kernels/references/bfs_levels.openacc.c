#include <stdlib.h>

void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    const int edges = row_ptr[n];
    int *mark = malloc(n * sizeof(int));
#pragma acc data copyin(row_ptr[0 : n + 1], col[0 : edges]) copyout(level[0 : n]) create(mark[0 : n])
    {
#pragma acc parallel loop present(level, mark)
        for (int v = 0; v < n; v++) {
            level[v] = v == source ? 0 : -1;
            mark[v] = 0;
        }
        int count = 1;
        for (int depth = 0; count > 0; depth++) {
#pragma acc parallel loop present(row_ptr, col, level, mark)
            for (int v = 0; v < n; v++)
                if (level[v] == depth)
                    for (int e = row_ptr[v]; e < row_ptr[v + 1]; e++) {
#pragma acc atomic write
                        mark[col[e]] = 1;
                    }
            count = 0;
#pragma acc parallel loop present(level, mark) reduction(+ : count)
            for (int v = 0; v < n; v++) {
                const int fresh = mark[v] && level[v] == -1;
                if (fresh) level[v] = depth + 1;
                count += fresh;
                mark[v] = 0;
            }
        }
    }
    free(mark);
}
