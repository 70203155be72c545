#include <Kokkos_Core.hpp>

#include <cmath>
#include <utility>

extern "C" void fft(int n, double *re, double *im) {
    using Space = Kokkos::DefaultHostExecutionSpace;
    using Range = Kokkos::RangePolicy<Space>;
    using Host = Kokkos::View<double *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
    using Buffer = Kokkos::View<double *[2], Kokkos::HostSpace>;
    const double pi = std::acos(-1.0);
    const Host real(re, n), imag(im, n);
    Buffer x("x", n), y("y", n);
    Kokkos::parallel_for(Range(0, n), KOKKOS_LAMBDA(int i) {
        x(i, 0) = real(i);
        x(i, 1) = imag(i);
    });
    for (int length = n, stride = 1; length > 1; length /= 2, stride *= 2) {
        const int half = length / 2;
        Kokkos::parallel_for("stage", Range(0, n / 2), KOKKOS_LAMBDA(int t) {
            const int p = t / stride, q = t % stride;
            const int a = q + stride * p, b = q + stride * (p + half), to = q + stride * 2 * p;
            const double angle = -2.0 * pi * p / length, c = std::cos(angle), s = std::sin(angle);
            const double dr = x(a, 0) - x(b, 0), di = x(a, 1) - x(b, 1);
            y(to, 0) = x(a, 0) + x(b, 0);
            y(to, 1) = x(a, 1) + x(b, 1);
            y(to + stride, 0) = dr * c - di * s;
            y(to + stride, 1) = dr * s + di * c;
        });
        Kokkos::fence();
        std::swap(x, y);
    }
    Kokkos::parallel_for(Range(0, n), KOKKOS_LAMBDA(int i) {
        real(i) = x(i, 0);
        imag(i) = x(i, 1);
    });
    Kokkos::fence();
}
