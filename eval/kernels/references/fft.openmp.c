#include <math.h>
#include <stdlib.h>

static int reversed(int i, int bits) {
    int r = 0;
    for (int b = 0; b < bits; b++) r |= ((i >> b) & 1) << (bits - 1 - b);
    return r;
}

void fft(int n, double *re, double *im) {
    int bits = 0;
    while ((1 << bits) < n) bits++;
    const double pi = 3.14159265358979323846;
    double *c = malloc((n / 2 + 1) * sizeof(double)), *s = malloc((n / 2 + 1) * sizeof(double));
#pragma omp parallel
    {
#pragma omp for
        for (int k = 0; k < n / 2; k++) {
            c[k] = cos(2.0 * pi * k / n);
            s[k] = -sin(2.0 * pi * k / n);
        }
        /* Only the thread that has the smaller index of a pair swaps it. */
#pragma omp for
        for (int i = 0; i < n; i++) {
            const int j = reversed(i, bits);
            if (i < j) {
                const double x = re[i], y = im[i];
                re[i] = re[j];
                im[i] = im[j];
                re[j] = x;
                im[j] = y;
            }
        }
        for (int half = 1; half < n; half *= 2) {
            const int step = n / (2 * half);
#pragma omp for
            for (int t = 0; t < n / 2; t++) {
                const int k = t % half, a = (t / half) * 2 * half + k, b = a + half;
                const double wr = c[k * step], wi = s[k * step];
                const double tr = wr * re[b] - wi * im[b], ti = wr * im[b] + wi * re[b];
                re[b] = re[a] - tr;
                im[b] = im[a] - ti;
                re[a] += tr;
                im[a] += ti;
            }
        }
    }
    free(s);
    free(c);
}
