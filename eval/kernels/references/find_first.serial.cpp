#include <algorithm>

extern "C" int find_first(int n, const float *x, float threshold) {
    const float *end = x + n;
    const float *hit = std::find_if(x, end, [threshold](float value) { return value > threshold; });
    return hit == end ? -1 : static_cast<int>(hit - x);
}
