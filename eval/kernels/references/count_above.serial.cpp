#include <algorithm>

extern "C" long count_above(int n, const int *x, int limit) {
    return std::count_if(x, x + n, [limit](int value) { return value > limit; });
}
