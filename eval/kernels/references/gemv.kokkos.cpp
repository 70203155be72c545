#include <Kokkos_Core.hpp>

extern "C" void gemv(int m, int n, const double *A, const double *x, double *y) {
    using Space = Kokkos::DefaultHostExecutionSpace;
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    using Policy = Kokkos::TeamPolicy<Space>;
    if (m == 0) return;
    const Kokkos::View<const double **, Kokkos::LayoutRight, Kokkos::HostSpace, Unmanaged> matrix(A, m, n);
    const Kokkos::View<const double *, Kokkos::HostSpace, Unmanaged> in(x, n);
    const Kokkos::View<double *, Kokkos::HostSpace, Unmanaged> out(y, m);
    Kokkos::parallel_for(
        "gemv", Policy(m, Kokkos::AUTO), KOKKOS_LAMBDA(const Policy::member_type &team) {
            const int row = team.league_rank();
            double sum = 0.0;
            Kokkos::parallel_reduce(
                Kokkos::TeamThreadRange(team, n), [&](const int j, double &part) { part += matrix(row, j) * in(j); }, sum);
            Kokkos::single(Kokkos::PerTeam(team), [&]() { out(row) = sum; });
        });
}
