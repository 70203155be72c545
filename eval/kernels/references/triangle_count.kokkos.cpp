#include <Kokkos_Core.hpp>

extern "C" long triangle_count(int n, const int *row_ptr, const int *col) {
    using Schedule = Kokkos::Schedule<Kokkos::Dynamic>;
    using Policy = Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace, Schedule>;
    using Ints = Kokkos::View<const int *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
    const Ints start(row_ptr, n + 1), neighbour(col, row_ptr[n]);
    long total = 0;
    Kokkos::parallel_reduce(
        "triangles", Policy(0, n),
        KOKKOS_LAMBDA(int u, long &count) {
            for (int e = start(u); e < start(u + 1); ++e) {
                const int v = neighbour(e);
                if (v < u) continue;
                int p = e + 1, q = start(v);
                while (p < start(u + 1) && q < start(v + 1)) {
                    const int a = neighbour(p), b = neighbour(q);
                    if (a == b) ++count;
                    if (a <= b) ++p;
                    if (b <= a) ++q;
                }
            }
        },
        total);
    return total;
}
