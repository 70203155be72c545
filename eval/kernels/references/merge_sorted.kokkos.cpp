#include <Kokkos_Core.hpp>

namespace {

template <typename T>
using Host = Kokkos::View<T *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

template <typename Before>
KOKKOS_INLINE_FUNCTION int partition_point(int n, Before before) {
    int lo = 0, hi = n;
    while (lo < hi) {
        const int mid = lo + (hi - lo) / 2;
        if (before(mid))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

}  // namespace

extern "C" void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
    const Host<const double> left(a, m), right(b, n);
    const Host<double> merged(c, m + n);
    const Host<int> origin(source, m + n);
    Kokkos::parallel_for(
        "merge_sorted", m + n, KOKKOS_LAMBDA(const int e) {
            if (e < m) {
                const int k = e + partition_point(n, [&](int j) { return right(j) < left(e); });
                merged(k) = left(e);
                origin(k) = e;
            } else {
                const int k = e - m + partition_point(m, [&](int i) { return left(i) <= right(e - m); });
                merged(k) = right(e - m);
                origin(k) = e;
            }
        });
}
