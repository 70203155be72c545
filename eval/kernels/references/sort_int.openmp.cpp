#include <omp.h>

#include <algorithm>
#include <vector>

extern "C" void sort_int(int n, int *x) {
    const int pieces = omp_get_max_threads();
    std::vector<int> start(pieces + 1);
    for (int p = 0; p <= pieces; ++p) start[p] = static_cast<int>(static_cast<long long>(n) * p / pieces);
#pragma omp parallel for schedule(static, 1)
    for (int p = 0; p < pieces; ++p) std::sort(x + start[p], x + start[p + 1]);
    /* Neighbouring runs are merged until one is left. */
    for (int width = 1; width < pieces; width *= 2) {
#pragma omp parallel for schedule(static, 1)
        for (int p = 0; p < pieces - width; p += 2 * width)
            std::inplace_merge(x + start[p], x + start[p + width], x + start[std::min(p + 2 * width, pieces)]);
    }
}
