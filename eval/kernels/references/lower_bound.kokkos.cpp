#include <Kokkos_Core.hpp>

namespace {

using Host = Kokkos::DefaultHostExecutionSpace;
template <typename T>
using Span = Kokkos::View<T *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

struct Search {
    Span<const long> sorted, keys;
    Span<int> position;

    KOKKOS_INLINE_FUNCTION void operator()(int j) const {
        int low = 0, high = static_cast<int>(sorted.extent(0));
        while (low < high) {
            const int middle = low + (high - low) / 2;
            if (sorted(middle) < keys(j))
                low = middle + 1;
            else
                high = middle;
        }
        position(j) = low;
    }
};

}  // namespace

extern "C" void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
    const Search search{Span<const long>(sorted, n), Span<const long>(keys, m), Span<int>(position, m)};
    Kokkos::parallel_for("lower_bound", Kokkos::RangePolicy<Host>(0, m), search);
    Kokkos::fence();
}
