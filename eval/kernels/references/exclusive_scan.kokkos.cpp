#include <Kokkos_Core.hpp>

namespace {

struct Offsets {
    const int *counts;
    long *offsets;

    KOKKOS_INLINE_FUNCTION void operator()(const int i, long &before, const bool is_final) const {
        if (is_final) offsets[i] = before;
        before += counts[i];
    }
};

}  // namespace

extern "C" long exclusive_scan(int n, const int *counts, long *offsets) {
    long total = 0;
    Kokkos::parallel_scan("exclusive_scan", Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>(0, n), Offsets{counts, offsets}, total);
    return total;
}
