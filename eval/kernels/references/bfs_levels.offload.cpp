#include <utility>
#include <vector>

extern "C" void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    const int edges = row_ptr[n];
    std::vector<int> first(n), second(n), seen_buffer(n, 0);
    int *frontier = first.data(), *next = second.data(), *seen = seen_buffer.data();
    for (int v = 0; v < n; ++v) level[v] = -1;
    level[source] = 0;
    seen[source] = 1;
    frontier[0] = source;
    int size = 1;
#pragma omp target data map(to : row_ptr[:n + 1], col[:edges], seen[:n], frontier[:n], next[:n]) map(tofrom : level[:n])
    for (int depth = 1; size > 0; ++depth) {
        int found = 0;
#pragma omp target teams distribute parallel for map(tofrom : found)
        for (int k = 0; k < size; ++k) {
            const int v = frontier[k];
            for (int e = row_ptr[v]; e < row_ptr[v + 1]; ++e) {
                const int w = col[e];
                int before;
#pragma omp atomic capture
                before = seen[w]++;
                if (before == 0) {
                    int place;
#pragma omp atomic capture
                    place = found++;
                    level[w] = depth;
                    next[place] = w;
                }
            }
        }
        size = found;
        std::swap(frontier, next);
    }
}
