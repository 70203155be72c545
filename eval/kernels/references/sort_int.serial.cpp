#include <algorithm>

extern "C" void sort_int(int n, int *x) {
    std::sort(x, x + n);
}
