#include <Kokkos_Core.hpp>

extern "C" void prefix_sum(int n, const double *x, double *y) {
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    Kokkos::View<const double *, Kokkos::HostSpace, Unmanaged> in(x, n);
    Kokkos::View<double *, Kokkos::HostSpace, Unmanaged> out(y, n);
    Kokkos::parallel_scan(
        "prefix_sum", Kokkos::RangePolicy<>(0, n), KOKKOS_LAMBDA(const int i, double &sum, const bool last) {
            sum += in(i);
            if (last) out(i) = sum;
        });
}
