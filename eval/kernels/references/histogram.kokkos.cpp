#include <Kokkos_Core.hpp>

extern "C" void histogram(int n, const int *x, int bins, int *counts) {
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    const Kokkos::View<const int *, Kokkos::HostSpace, Unmanaged> values(x, n);
    const Kokkos::View<int *, Kokkos::HostSpace, Unmanaged> bars(counts, bins);
    Kokkos::deep_copy(bars, 0);
    Kokkos::parallel_for(
        "histogram", n, KOKKOS_LAMBDA(const int i) {
            const int value = values(i);
            if (value >= 0 && value < bins) Kokkos::atomic_increment(&bars(value));
        });
}
