#include <cmath>
#include <vector>

extern "C" void fft(int n, double *re, double *im) {
    const double pi = 3.14159265358979323846;
    int bits = 0;
    while ((1 << bits) < n) ++bits;
    std::vector<double> wr(n / 2 + 1), wi(n / 2 + 1);
    for (int k = 0; k < n / 2; ++k) {
        wr[k] = std::cos(2.0 * pi * k / n);
        wi[k] = -std::sin(2.0 * pi * k / n);
    }
    const double *c = wr.data(), *s = wi.data();
    const int table = n / 2 + 1;
#pragma acc data copy(re[0 : n], im[0 : n]) copyin(c[0 : table], s[0 : table])
    {
#pragma acc parallel loop
        for (int i = 0; i < n; ++i) {
            int j = 0;
            for (int b = 0; b < bits; ++b) j = (j << 1) | ((i >> b) & 1);
            if (j > i) {
                const double x = re[i], y = im[i];
                re[i] = re[j];
                im[i] = im[j];
                re[j] = x;
                im[j] = y;
            }
        }
        for (int half = 1; half < n; half *= 2) {
            const int step = n / (2 * half);
#pragma acc parallel loop
            for (int t = 0; t < n / 2; ++t) {
                const int k = t % half, a = 2 * (t - k) + k, b = a + half;
                const double x = c[k * step] * re[b] - s[k * step] * im[b], y = c[k * step] * im[b] + s[k * step] * re[b];
                re[b] = re[a] - x;
                im[b] = im[a] - y;
                re[a] += x;
                im[a] += y;
            }
        }
    }
}
