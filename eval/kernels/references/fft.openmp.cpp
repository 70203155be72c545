#include <cmath>
#include <complex>
#include <utility>
#include <vector>

// Stockham's algorithm: no bit reversal, every stage goes from one buffer to the other.
extern "C" void fft(int n, double *re, double *im) {
    using Complex = std::complex<double>;
    std::vector<Complex> a(n), b(n);
#pragma omp parallel for
    for (int i = 0; i < n; ++i) a[i] = Complex(re[i], im[i]);
    for (int length = n, stride = 1; length > 1; length /= 2, stride *= 2) {
        const int half = length / 2;
#pragma omp parallel for
        for (int index = 0; index < n / 2; ++index) {
            const int p = index / stride, q = index % stride;
            const double angle = -2.0 * M_PI * p / length;
            const Complex w(std::cos(angle), std::sin(angle));
            const Complex even = a[q + stride * p], odd = a[q + stride * (p + half)];
            b[q + stride * 2 * p] = even + odd;
            b[q + stride * (2 * p + 1)] = (even - odd) * w;
        }
        std::swap(a, b);
    }
#pragma omp parallel for
    for (int i = 0; i < n; ++i) {
        re[i] = a[i].real();
        im[i] = a[i].imag();
    }
}
