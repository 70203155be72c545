#include <Kokkos_Core.hpp>

#include <algorithm>

namespace {

using Ints = Kokkos::View<int *, Kokkos::HostSpace>;
using HostInts = Kokkos::View<int *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

/* Where an element of one run lies in the merged pair of runs: its own position, and that among the other run. */
struct MergePass {
    HostInts from;
    Ints to;
    int n, width;

    KOKKOS_INLINE_FUNCTION void operator()(const int i) const {
        const int pair = i / (2 * width) * (2 * width);
        const int middle = pair + width < n ? pair + width : n;
        const int end = middle + width < n ? middle + width : n;
        const bool left = i < middle;
        int lo = left ? middle : pair, hi = left ? end : middle;
        while (lo < hi) {
            const int probe = lo + (hi - lo) / 2;
            if (left ? from(probe) < from(i) : from(probe) <= from(i))
                lo = probe + 1;
            else
                hi = probe;
        }
        to(left ? i + (lo - middle) : i - middle + lo) = from(i);
    }
};

}  // namespace

extern "C" void sort_int(int n, int *x) {
    const HostInts values(x, n);
    const Ints merged("merged", n);
    const Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace> all(0, n);
    for (int width = 1; width < n; width *= 2) {
        Kokkos::parallel_for("merge pass", all, MergePass{values, merged, n, width});
        Kokkos::deep_copy(values, merged);
    }
}
