#include <Kokkos_Core.hpp>

extern "C" void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    using In = Kokkos::View<const double **, Kokkos::LayoutRight, Kokkos::HostSpace, Unmanaged>;
    using Out = Kokkos::View<double **, Kokkos::LayoutRight, Kokkos::HostSpace, Unmanaged>;
    const In a(lower, systems, n), b(diagonal, systems, n), c(upper, systems, n), d(rhs, systems, n);
    const Out u(x, systems, n);
    const Kokkos::View<double **, Kokkos::LayoutRight, Kokkos::HostSpace> pivot("pivot", systems, n);
    Kokkos::parallel_for(
        "thomas", Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>(0, systems), KOKKOS_LAMBDA(int s) {
            pivot(s, 0) = b(s, 0);
            u(s, 0) = d(s, 0);
            for (int i = 1; i < n; ++i) {
                const double w = a(s, i) / pivot(s, i - 1);
                pivot(s, i) = b(s, i) - w * c(s, i - 1);
                u(s, i) = d(s, i) - w * u(s, i - 1);
            }
            u(s, n - 1) /= pivot(s, n - 1);
            for (int i = n - 2; i >= 0; --i) u(s, i) = (u(s, i) - c(s, i) * u(s, i + 1)) / pivot(s, i);
        });
    Kokkos::fence();
}
