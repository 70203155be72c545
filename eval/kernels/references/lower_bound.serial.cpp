#include <algorithm>

extern "C" void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
    std::transform(keys, keys + m, position, [=](long key) { return static_cast<int>(std::lower_bound(sorted, sorted + n, key) - sorted); });
}
