#include <Kokkos_Core.hpp>

#include <algorithm>

extern "C" int lcs_length(int m, int n, const char *a, const char *b) {
    using Host = Kokkos::DefaultHostExecutionSpace;
    using Text = Kokkos::View<const char *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
    const Text s(a, m), t(b, n);
    // Three antidiagonals in turn, by row; a View is zero at first.
    const Kokkos::View<int *[3], Kokkos::HostSpace> cells("cells", m + 1);
    for (int d = 2; d <= m + n; ++d) {
        const int now = d % 3, before = (d + 2) % 3, earlier = (d + 1) % 3;
        if (d <= m) cells(d, now) = 0;
        Kokkos::parallel_for(
            "antidiagonal", Kokkos::RangePolicy<Host>(std::max(1, d - n), std::min(d - 1, m) + 1), KOKKOS_LAMBDA(int i) {
                const int up = cells(i - 1, before), left = cells(i, before);
                cells(i, now) = s(i - 1) == t(d - i - 1) ? cells(i - 1, earlier) + 1 : (up > left ? up : left);
            });
        Kokkos::fence();
    }
    return m > 0 && n > 0 ? cells(m, (m + n) % 3) : 0;
}
