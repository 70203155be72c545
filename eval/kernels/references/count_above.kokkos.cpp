#include <Kokkos_Core.hpp>

extern "C" long count_above(int n, const int *x, int limit) {
    Kokkos::View<const int *, Kokkos::HostSpace, Kokkos::MemoryUnmanaged> values(x, n);
    long count = 0;
    Kokkos::parallel_reduce(
        Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>(0, n),
        KOKKOS_LAMBDA(int i, long &sum) {
            if (values(i) > limit) sum++;
        },
        count);
    return count;
}
