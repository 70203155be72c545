#include <Kokkos_Core.hpp>

extern "C" void spmv(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
    using Host = Kokkos::DefaultHostExecutionSpace;
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    const Kokkos::View<const int *, Kokkos::HostSpace, Unmanaged> rows(row_ptr, n + 1), columns(col, row_ptr[n]);
    const Kokkos::View<const double *, Kokkos::HostSpace, Unmanaged> values(val, row_ptr[n]), in(x, n);
    const Kokkos::View<double *, Kokkos::HostSpace, Unmanaged> out(y, n);
    Kokkos::parallel_for(
        "spmv", Kokkos::RangePolicy<Host>(0, n), KOKKOS_LAMBDA(int i) {
            double sum = 0.0;
            for (int e = rows(i); e < rows(i + 1); ++e) sum += values(e) * in(columns(e));
            out(i) = sum;
        });
    Kokkos::fence();
}
