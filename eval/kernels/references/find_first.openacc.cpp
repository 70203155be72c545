#include <climits>

// Blocks in order, so that what lies behind the block of the first hit is left alone.
extern "C" int find_first(int n, const float *x, float threshold) {
    constexpr int block = 1 << 15;
    for (long start = 0; start < n; start += block) {
        const int stop = start + block < n ? static_cast<int>(start) + block : n;
        const int begin = static_cast<int>(start);
        int first = INT_MAX;
#pragma acc parallel loop reduction(min : first) copyin(x[begin : stop - begin]) copy(first)
        for (int i = begin; i < stop; ++i)
            if (x[i] > threshold && i < first) first = i;
        if (first != INT_MAX) return first;
    }
    return -1;
}
