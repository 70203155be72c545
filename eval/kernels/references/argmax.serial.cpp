#include <algorithm>

extern "C" int argmax(int n, const float *x) {
    return n > 0 ? static_cast<int>(std::max_element(x, x + n) - x) : -1;
}
