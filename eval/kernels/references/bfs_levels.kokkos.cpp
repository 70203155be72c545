#include <Kokkos_Core.hpp>

#include <utility>

extern "C" void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    using Host = Kokkos::DefaultHostExecutionSpace;
    using Range = Kokkos::RangePolicy<Host>;
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    const Kokkos::View<const int *, Kokkos::HostSpace, Unmanaged> rows(row_ptr, n + 1), heads(col, row_ptr[n]);
    const Kokkos::View<int *, Kokkos::HostSpace, Unmanaged> depth_of(level, n);
    Kokkos::View<int *, Kokkos::HostSpace> frontier("frontier", n), next("next", n);
    const Kokkos::View<int, Kokkos::HostSpace> next_size("next_size");
    Kokkos::deep_copy(depth_of, -1);
    depth_of(source) = 0;
    frontier(0) = source;
    int size = 1;
    for (int depth = 1; size > 0; ++depth) {
        next_size() = 0;
        Kokkos::parallel_for(
            "expand", Range(0, size), KOKKOS_LAMBDA(int i) {
                const int v = frontier(i);
                for (int e = rows(v); e < rows(v + 1); ++e) {
                    const int w = heads(e);
                    if (Kokkos::atomic_compare_exchange_strong(&depth_of(w), -1, depth)) next(Kokkos::atomic_fetch_add(&next_size(), 1)) = w;
                }
            });
        Kokkos::fence();
        size = next_size();
        std::swap(frontier, next);
    }
}
