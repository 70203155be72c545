#include <math.h>

void fft(int n, double *re, double *im) {
    const double pi = 3.14159265358979323846;
    int bits = 0;
    while ((1 << bits) < n) bits++;
#pragma omp target data map(tofrom : re[0 : n], im[0 : n])
    {
#pragma omp target teams distribute parallel for
        for (int i = 0; i < n; i++) {
            int j = 0;
            for (int b = 0; b < bits; b++) j |= ((i >> b) & 1) << (bits - 1 - b);
            if (i < j) {
                const double x = re[i], y = im[i];
                re[i] = re[j];
                im[i] = im[j];
                re[j] = x;
                im[j] = y;
            }
        }
        for (int half = 1; half < n; half *= 2) {
#pragma omp target teams distribute parallel for
            for (int t = 0; t < n / 2; t++) {
                const int k = t % half, a = (t / half) * 2 * half + k, b = a + half;
                const double angle = -pi * k / half, c = cos(angle), s = sin(angle);
                const double tr = c * re[b] - s * im[b], ti = c * im[b] + s * re[b];
                re[b] = re[a] - tr;
                im[b] = im[a] - ti;
                re[a] += tr;
                im[a] += ti;
            }
        }
    }
}
