#include <Kokkos_Core.hpp>

extern "C" void stencil1d(int n, int sweeps, float left, float centre, float right, float *u) {
    const Kokkos::View<float *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>> ring(u, n);
    const Kokkos::View<float *, Kokkos::HostSpace> before("before", n);
    for (int sweep = 0; sweep < sweeps; ++sweep) {
        Kokkos::deep_copy(before, ring);
        Kokkos::parallel_for(
            "stencil1d", Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>(0, n), KOKKOS_LAMBDA(const int i) {
                ring(i) = left * before(i > 0 ? i - 1 : n - 1) + centre * before(i) + right * before(i + 1 < n ? i + 1 : 0);
            });
    }
}
