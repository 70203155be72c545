#include <algorithm>
#include <vector>

extern "C" void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    std::fill_n(level, n, -1);
    level[source] = 0;
    std::vector<int> frontier{source}, next;
    for (int depth = 1; !frontier.empty(); ++depth) {
        next.clear();
        for (int v : frontier)
            std::for_each(col + row_ptr[v], col + row_ptr[v + 1], [&](int w) {
                if (level[w] == -1) {
                    level[w] = depth;
                    next.push_back(w);
                }
            });
        frontier.swap(next);
    }
}
