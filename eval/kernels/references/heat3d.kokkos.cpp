#include <Kokkos_Core.hpp>

extern "C" void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u) {
    using Space = Kokkos::DefaultHostExecutionSpace;
    using Box = Kokkos::View<double ***, Kokkos::LayoutRight, Kokkos::HostSpace>;
    using UserBox = Kokkos::View<double ***, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
    using Policy = Kokkos::MDRangePolicy<Space, Kokkos::Rank<3>>;
    if (nx < 3 || ny < 3 || nz < 3) return;
    const UserBox now(u, nx, ny, nz);
    const Box before("before", nx, ny, nz);
    for (int step = 0; step < steps; step++) {
        Kokkos::deep_copy(before, now);
        Kokkos::parallel_for(
            "heat3d", Policy({1, 1, 1}, {nx - 1, ny - 1, nz - 1}), KOKKOS_LAMBDA(const int i, const int j, const int k) {
                now(i, j, k) = before(i, j, k) + alpha * (before(i - 1, j, k) + before(i + 1, j, k) + before(i, j - 1, k) +
                                                          before(i, j + 1, k) + before(i, j, k - 1) + before(i, j, k + 1) -
                                                          6.0 * before(i, j, k));
            });
    }
}
