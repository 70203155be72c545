#include <Kokkos_Core.hpp>

extern "C" void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    using Host = Kokkos::DefaultHostExecutionSpace;
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    using Matrix = Kokkos::View<float **, Kokkos::LayoutRight, Kokkos::HostSpace, Unmanaged>;
    using ConstMatrix = Kokkos::View<const float **, Kokkos::LayoutRight, Kokkos::HostSpace, Unmanaged>;
    using Ints = Kokkos::View<const int *, Kokkos::HostSpace, Unmanaged>;
    const Ints rows(row_ptr, m + 1), columns(col, row_ptr[m]);
    const Kokkos::View<const float *, Kokkos::HostSpace, Unmanaged> values(val, row_ptr[m]);
    const ConstMatrix x(X, n, k);
    const Matrix y(Y, m, k);
    Kokkos::parallel_for(
        "spmm", Kokkos::RangePolicy<Host>(0, m), KOKKOS_LAMBDA(int i) {
            for (int c = 0; c < k; ++c) y(i, c) = 0.0f;
            for (int e = rows(i); e < rows(i + 1); ++e)
                for (int c = 0; c < k; ++c) y(i, c) += values(e) * x(columns(e), c);
        });
    Kokkos::fence();
}
