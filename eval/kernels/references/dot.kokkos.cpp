#include <Kokkos_Core.hpp>

extern "C" double dot(int n, const double *x, const double *y) {
    using Vector = Kokkos::View<const double *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
    const Vector xs(x, n), ys(y, n);
    double sum = 0.0;
    Kokkos::parallel_reduce(
        "dot", n, KOKKOS_LAMBDA(const int i, double &part) { part += xs(i) * ys(i); }, sum);
    return sum;
}
