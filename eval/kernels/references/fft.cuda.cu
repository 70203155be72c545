#include <cuda_runtime.h>

__global__ void reorder(int n, int bits, const double2 *in, double2 *out) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    const unsigned int j = bits == 0 ? 0 : __brev((unsigned int)i) >> (32 - bits);
    out[j] = in[i];
}

__global__ void butterflies(int n, int half, double2 *x) {
    const int t = blockIdx.x * blockDim.x + threadIdx.x;
    if (t >= n / 2) return;
    const int k = t & (half - 1);
    const int a = 2 * (t - k) + k, b = a + half;
    double s, c;
    sincospi(-(double)k / half, &s, &c);
    const double2 u = x[a], v = x[b];
    const double2 w = make_double2(c * v.x - s * v.y, c * v.y + s * v.x);
    x[a] = make_double2(u.x + w.x, u.y + w.y);
    x[b] = make_double2(u.x - w.x, u.y - w.y);
}

__global__ void join(int n, const double *re, const double *im, double2 *x) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = make_double2(re[i], im[i]);
}

__global__ void split(int n, const double2 *x, double *re, double *im) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    re[i] = x[i].x;
    im[i] = x[i].y;
}

extern "C" void fft(int n, double *re, double *im) {
    const int threads = 256, blocks = (n + threads - 1) / threads;
    int bits = 0;
    while ((1 << bits) < n) bits++;
    double *d_re, *d_im;
    double2 *in, *x;
    cudaMalloc(&d_re, n * sizeof(double));
    cudaMalloc(&d_im, n * sizeof(double));
    cudaMalloc(&in, n * sizeof(double2));
    cudaMalloc(&x, n * sizeof(double2));
    cudaMemcpy(d_re, re, n * sizeof(double), cudaMemcpyHostToDevice);
    cudaMemcpy(d_im, im, n * sizeof(double), cudaMemcpyHostToDevice);
    join<<<blocks, threads>>>(n, d_re, d_im, in);
    reorder<<<blocks, threads>>>(n, bits, in, x);
    for (int half = 1; half < n; half *= 2) butterflies<<<blocks, threads>>>(n, half, x);
    split<<<blocks, threads>>>(n, x, d_re, d_im);
    cudaMemcpy(re, d_re, n * sizeof(double), cudaMemcpyDeviceToHost);
    cudaMemcpy(im, d_im, n * sizeof(double), cudaMemcpyDeviceToHost);
    cudaFree(x);
    cudaFree(in);
    cudaFree(d_im);
    cudaFree(d_re);
}
