#include <algorithm>
#include <utility>
#include <vector>

extern "C" int lcs_length(int m, int n, const char *a, const char *b) {
    std::vector<int> previous(n + 1, 0), current(n + 1, 0);
    for (int i = 1; i <= m; ++i) {
        for (int j = 1; j <= n; ++j) current[j] = a[i - 1] == b[j - 1] ? previous[j - 1] + 1 : std::max(previous[j], current[j - 1]);
        std::swap(previous, current);
    }
    return previous[n];
}
