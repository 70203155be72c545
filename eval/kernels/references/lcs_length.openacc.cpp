#include <algorithm>
#include <vector>

// Rows one by one: what comes from above and from the diagonal is independent in every column, and the rest is a running
// maximum, which takes a logarithmic number of steps.
extern "C" int lcs_length(int m, int n, const char *a, const char *b) {
    std::vector<int> first(n + 1, 0), second(n + 1, 0);
    int *row = first.data(), *next = second.data();
#pragma acc data copyin(a[0 : m], b[0 : n]) copy(row[0 : n + 1], next[0 : n + 1])
    {
        int *from = row, *to = next;
        for (int i = 0; i < m; ++i) {
#pragma acc parallel loop present(a, b, from, to)
            for (int j = 1; j <= n; ++j) {
                const int diagonal = from[j - 1] + (a[i] == b[j - 1] ? 1 : 0);
                to[j] = diagonal > from[j] ? diagonal : from[j];
            }
            std::swap(from, to);
            for (int reach = 1; reach <= n; reach *= 2) {
#pragma acc parallel loop present(from, to)
                for (int j = 1; j <= n; ++j) to[j] = j > reach && from[j - reach] > from[j] ? from[j - reach] : from[j];
                std::swap(from, to);
            }
        }
#pragma acc parallel loop present(from, row)
        for (int j = n; j <= n; ++j) row[j] = from[j];
    }
    return row[n];
}
