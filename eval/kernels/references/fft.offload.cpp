#include <cmath>
#include <vector>

// Stockham stages between the arrays and two buffers on the device.
extern "C" void fft(int n, double *re, double *im) {
    const double pi = std::acos(-1.0);
    std::vector<double> buffer(2 * static_cast<size_t>(n));
    double *xr = buffer.data(), *xi = xr + n;
#pragma omp target data map(tofrom : re[:n], im[:n]) map(alloc : xr[:n], xi[:n])
    for (int length = n, stride = 1; length > 1; length /= 2, stride *= 2) {
        const int half = length / 2;
#pragma omp target teams distribute parallel for collapse(2)
        for (int p = 0; p < half; ++p)
            for (int q = 0; q < stride; ++q) {
                const double c = std::cos(2.0 * pi * p / length), s = -std::sin(2.0 * pi * p / length);
                const int a = q + stride * p, b = a + stride * half, to = q + 2 * stride * p;
                const double dr = re[a] - re[b], di = im[a] - im[b];
                xr[to] = re[a] + re[b];
                xi[to] = im[a] + im[b];
                xr[to + stride] = c * dr - s * di;
                xi[to + stride] = c * di + s * dr;
            }
#pragma omp target teams distribute parallel for
        for (int i = 0; i < n; ++i) {
            re[i] = xr[i];
            im[i] = xi[i];
        }
    }
}
