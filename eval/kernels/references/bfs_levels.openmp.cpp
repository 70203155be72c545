#include <algorithm>
#include <atomic>
#include <vector>

extern "C" void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    std::fill(level, level + n, -1);
    std::vector<std::atomic<bool>> seen(n);
    for (auto &flag : seen) flag.store(false);
    seen[source] = true;
    level[source] = 0;
    std::vector<int> frontier(1, source), next;
    for (int depth = 1; !frontier.empty(); ++depth) {
        next.clear();
#pragma omp parallel
        {
            std::vector<int> mine;
#pragma omp for schedule(guided) nowait
            for (int i = 0; i < static_cast<int>(frontier.size()); ++i) {
                const int v = frontier[i];
                for (int e = row_ptr[v]; e < row_ptr[v + 1]; ++e) {
                    const int w = col[e];
                    // Whoever sets the flag first owns the vertex.
                    if (!seen[w].load(std::memory_order_relaxed) && !seen[w].exchange(true)) {
                        level[w] = depth;
                        mine.push_back(w);
                    }
                }
            }
#pragma omp critical
            next.insert(next.end(), mine.begin(), mine.end());
        }
        std::swap(frontier, next);
    }
}
