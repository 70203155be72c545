#include <stdlib.h>

void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    int *queue = malloc(n * sizeof(int));
    int head = 0, tail = 0;
    for (int v = 0; v < n; v++) level[v] = -1;
    level[source] = 0;
    queue[tail++] = source;
    while (head < tail) {
        const int v = queue[head++];
        for (int e = row_ptr[v]; e < row_ptr[v + 1]; e++) {
            const int w = col[e];
            if (level[w] < 0) {
                level[w] = level[v] + 1;
                queue[tail++] = w;
            }
        }
    }
    free(queue);
}
