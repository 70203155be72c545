#include <Kokkos_Core.hpp>

extern "C" int argmax(int n, const float *x) {
    if (n == 0) return -1;
    const Kokkos::View<const float *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>> values(x, n);
    float largest = x[0];
    Kokkos::parallel_reduce(
        "largest", n,
        KOKKOS_LAMBDA(const int i, float &most) {
            if (values(i) > most) most = values(i);
        },
        Kokkos::Max<float>(largest));
    int first = n;
    Kokkos::parallel_reduce(
        "first", n,
        KOKKOS_LAMBDA(const int i, int &least) {
            if (values(i) == largest && i < least) least = i;
        },
        Kokkos::Min<int>(first));
    /* The maximum starts at the least finite float, which nothing equals where all are minus infinity. */
    return first < n ? first : 0;
}
