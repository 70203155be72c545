#include <vector>

extern "C" long triangle_count(int n, const int *row_ptr, const int *col) {
    std::vector<char> marked(n, 0);
    long count = 0;
    for (int u = 0; u < n; ++u) {
        for (int e = row_ptr[u]; e < row_ptr[u + 1]; ++e) marked[col[e]] = 1;
        for (int e = row_ptr[u]; e < row_ptr[u + 1]; ++e) {
            const int v = col[e];
            for (int f = row_ptr[v]; v > u && f < row_ptr[v + 1]; ++f) count += col[f] > v && marked[col[f]];
        }
        for (int e = row_ptr[u]; e < row_ptr[u + 1]; ++e) marked[col[e]] = 0;
    }
    return count;
}
