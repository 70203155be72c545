#include <math.h>
#include <stdlib.h>

void fft(int n, double *re, double *im) {
    const double pi = 3.14159265358979323846;
    double *xr = malloc(n * sizeof(double)), *xi = malloc(n * sizeof(double));
#pragma acc data copy(re[0 : n], im[0 : n]) create(xr[0 : n], xi[0 : n])
    for (int length = n, stride = 1; length > 1; length /= 2, stride *= 2) {
        const int half = length / 2;
#pragma acc parallel loop collapse(2) present(re, im, xr, xi)
        for (int p = 0; p < half; p++)
            for (int q = 0; q < stride; q++) {
                const double c = cos(2.0 * pi * p / length), s = -sin(2.0 * pi * p / length);
                const int a = q + stride * p, b = q + stride * (p + half), to = q + stride * 2 * p;
                const double dr = re[a] - re[b], di = im[a] - im[b];
                xr[to] = re[a] + re[b];
                xi[to] = im[a] + im[b];
                xr[to + stride] = dr * c - di * s;
                xi[to + stride] = dr * s + di * c;
            }
#pragma acc parallel loop present(re, im, xr, xi)
        for (int i = 0; i < n; i++) {
            re[i] = xr[i];
            im[i] = xi[i];
        }
    }
    free(xi);
    free(xr);
}
