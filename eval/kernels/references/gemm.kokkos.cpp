#include <Kokkos_Core.hpp>

extern "C" void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
    using Space = Kokkos::DefaultHostExecutionSpace;
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    using Input = Kokkos::View<const double **, Kokkos::LayoutRight, Kokkos::HostSpace, Unmanaged>;
    using Output = Kokkos::View<double **, Kokkos::LayoutRight, Kokkos::HostSpace, Unmanaged>;
    if (m == 0 || n == 0) return;
    const Input a(A, m, k), b(B, k, n);
    const Output c(C, m, n);
    Kokkos::parallel_for(
        "gemm", Kokkos::MDRangePolicy<Space, Kokkos::Rank<2>>({0, 0}, {m, n}), KOKKOS_LAMBDA(const int i, const int j) {
            double sum = 0.0;
            for (int l = 0; l < k; ++l) sum += a(i, l) * b(l, j);
            c(i, j) = sum;
        });
}
