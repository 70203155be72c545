#include <Kokkos_Core.hpp>

extern "C" void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    using Range = Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>;
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    using Ints = Kokkos::View<int *, Kokkos::HostSpace>;
    const int entries = row_ptr[m];
    const Kokkos::View<const int *, Kokkos::HostSpace, Unmanaged> rows(row_ptr, m + 1), columns(col, entries);
    const Kokkos::View<const double *, Kokkos::HostSpace, Unmanaged> values(val, entries);
    const Kokkos::View<int *, Kokkos::HostSpace, Unmanaged> start(t_row_ptr, n + 1), t_columns(t_col, entries);
    const Kokkos::View<double *, Kokkos::HostSpace, Unmanaged> t_values(t_val, entries);
    const Ints count("count", n + 1), order("order", entries), row_of("row_of", entries);

    Kokkos::parallel_for("count", Range(0, entries), KOKKOS_LAMBDA(int e) { Kokkos::atomic_increment(&count(columns(e))); });
    Kokkos::parallel_scan(
        "start", Range(0, n + 1), KOKKOS_LAMBDA(int j, int &sum, bool is_final) {
            const int here = count(j);
            if (is_final) {
                start(j) = sum;
                count(j) = 0;
            }
            sum += here;
        });
    Kokkos::parallel_for(
        "place", Range(0, m), KOKKOS_LAMBDA(int i) {
            for (int e = rows(i); e < rows(i + 1); ++e) {
                order(start(columns(e)) + Kokkos::atomic_fetch_add(&count(columns(e)), 1)) = e;
                row_of(e) = i;
            }
        });
    // Places were taken in any order.
    Kokkos::parallel_for(
        "sort", Range(0, n), KOKKOS_LAMBDA(int j) {
            for (int k = start(j); k < start(j + 1); ++k) {
                const int entry = order(k);
                int at = k;
                for (; at > start(j) && order(at - 1) > entry; --at) order(at) = order(at - 1);
                order(at) = entry;
            }
            for (int k = start(j); k < start(j + 1); ++k) {
                t_columns(k) = row_of(order(k));
                t_values(k) = values(order(k));
            }
        });
    Kokkos::fence();
}
