#include <numeric>

extern "C" void prefix_sum(int n, const double *x, double *y) {
    std::partial_sum(x, x + n, y);
}
