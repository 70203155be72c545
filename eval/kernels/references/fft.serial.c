#include <math.h>

static void swap(double *a, double *b) {
    const double held = *a;
    *a = *b;
    *b = held;
}

void fft(int n, double *re, double *im) {
    const double pi = acos(-1.0);
    for (int i = 1, j = 0; i < n; i++) {
        int bit = n >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j |= bit;
        if (i < j) {
            swap(&re[i], &re[j]);
            swap(&im[i], &im[j]);
        }
    }
    for (int len = 2; len <= n; len *= 2) {
        const int half = len / 2;
        for (int k = 0; k < half; k++) {
            const double c = cos(2.0 * pi * k / len), s = -sin(2.0 * pi * k / len);
            for (int a = k; a < n; a += len) {
                const int b = a + half;
                const double tr = c * re[b] - s * im[b], ti = c * im[b] + s * re[b];
                re[b] = re[a] - tr;
                im[b] = im[a] - ti;
                re[a] += tr;
                im[a] += ti;
            }
        }
    }
}
