#include <Kokkos_Core.hpp>

extern "C" int find_first(int n, const float *x, float threshold) {
    using Policy = Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>;
    Kokkos::View<const float *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>> values(x, n);
    int first = n;
    Kokkos::parallel_reduce(
        "find_first", Policy(0, n),
        KOKKOS_LAMBDA(int i, int &best) {
            if (values(i) > threshold && i < best) best = i;
        },
        Kokkos::Min<int>(first));
    return first < n ? first : -1;
}
