#include <algorithm>

extern "C" void histogram(int n, const int *x, int bins, int *counts) {
    std::fill_n(counts, bins, 0);
    std::for_each(x, x + n, [=](int value) {
        /* As unsigned, a negative value is beyond every bin. */
        if (static_cast<unsigned>(value) < static_cast<unsigned>(bins)) ++counts[value];
    });
}
