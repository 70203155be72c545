#include <Kokkos_Core.hpp>

extern "C" void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
    using Policy = Kokkos::TeamPolicy<Kokkos::DefaultHostExecutionSpace>;
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    if (n == 0) return;
    const Kokkos::View<const int *, Kokkos::HostSpace, Unmanaged> ends(offsets, n + 1);
    const Kokkos::View<const float *, Kokkos::HostSpace, Unmanaged> values(x, offsets[n]);
    const Kokkos::View<float *, Kokkos::HostSpace, Unmanaged> out(sums, n);
    Kokkos::parallel_for(
        "segmented_sum", Policy(n, Kokkos::AUTO), KOKKOS_LAMBDA(const Policy::member_type &team) {
            const int s = team.league_rank();
            float sum = 0.0f;
            Kokkos::parallel_reduce(
                Kokkos::TeamThreadRange(team, ends(s), ends(s + 1)), [&](const int i, float &part) { part += values(i); }, sum);
            Kokkos::single(Kokkos::PerTeam(team), [&]() { out(s) = sum; });
        });
}
