#include <cmath>
#include <complex>
#include <vector>

namespace {

using Complex = std::complex<double>;

// Even and odd elements apart, each half the length; `stride` is their distance in the input.
void transform(int n, const Complex *in, int stride, Complex *out) {
    if (n == 1) {
        *out = *in;
        return;
    }
    const int half = n / 2;
    transform(half, in, 2 * stride, out);
    transform(half, in + stride, 2 * stride, out + half);
    for (int k = 0; k < half; ++k) {
        const Complex twiddled = std::polar(1.0, -2.0 * std::acos(-1.0) * k / n) * out[half + k];
        out[half + k] = out[k] - twiddled;
        out[k] += twiddled;
    }
}

}  // namespace

extern "C" void fft(int n, double *re, double *im) {
    std::vector<Complex> in(n), out(n);
    for (int i = 0; i < n; ++i) in[i] = {re[i], im[i]};
    transform(n, in.data(), 1, out.data());
    for (int i = 0; i < n; ++i) {
        re[i] = out[i].real();
        im[i] = out[i].imag();
    }
}
