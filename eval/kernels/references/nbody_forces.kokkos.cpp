#include <Kokkos_Core.hpp>

#include <cmath>

extern "C" void nbody_forces(int n, double softening, const double *mass, const double *x, const double *y, const double *z, double *ax, double *ay, double *az) {
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    using In = Kokkos::View<const double *, Kokkos::HostSpace, Unmanaged>;
    using Out = Kokkos::View<double *, Kokkos::HostSpace, Unmanaged>;
    using Policy = Kokkos::TeamPolicy<Kokkos::DefaultHostExecutionSpace>;
    const In m(mass, n), px(x, n), py(y, n), pz(z, n);
    const Out rx(ax, n), ry(ay, n), rz(az, n);
    if (n == 0) return;
    Kokkos::parallel_for(
        "accelerations", Policy(n, Kokkos::AUTO), KOKKOS_LAMBDA(const Policy::member_type &team) {
            const int i = team.league_rank();
            double sx = 0.0, sy = 0.0, sz = 0.0;
            const auto pull = [&](int j, double &component, double distance) {
                const double dx = px(j) - px(i), dy = py(j) - py(i), dz = pz(j) - pz(i);
                const double d2 = dx * dx + dy * dy + dz * dz + softening * softening;
                component += m(j) / (d2 * std::sqrt(d2)) * distance;
            };
            Kokkos::parallel_reduce(Kokkos::TeamThreadRange(team, n), [&](int j, double &s) { pull(j, s, px(j) - px(i)); }, sx);
            Kokkos::parallel_reduce(Kokkos::TeamThreadRange(team, n), [&](int j, double &s) { pull(j, s, py(j) - py(i)); }, sy);
            Kokkos::parallel_reduce(Kokkos::TeamThreadRange(team, n), [&](int j, double &s) { pull(j, s, pz(j) - pz(i)); }, sz);
            Kokkos::single(Kokkos::PerTeam(team), [&]() {
                rx(i) = sx;
                ry(i) = sy;
                rz(i) = sz;
            });
        });
    Kokkos::fence();
}
