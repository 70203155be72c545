#include <Kokkos_Core.hpp>

extern "C" void axpy(int n, double a, const double *x, double *y) {
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    const Kokkos::View<const double *, Kokkos::HostSpace, Unmanaged> xs(x, n);
    const Kokkos::View<double *, Kokkos::HostSpace, Unmanaged> ys(y, n);
    Kokkos::parallel_for(
        "axpy", n, KOKKOS_LAMBDA(const int i) { ys(i) += a * xs(i); });
}
