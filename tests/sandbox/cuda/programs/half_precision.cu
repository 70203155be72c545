// __half and __half2: conversions, arithmetic, comparisons, intrinsics and operators.
#include <cmath>
#include <cstdio>
#include <cuda_fp16.h>

__global__ void half_axpy(const __half *x, __half *y, __half a, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = __hadd(__hmul(a, x[i]), y[i]);
}

__global__ void half2_ops(const __half2 *x, __half2 *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    __half2 s = __float2half2_rn(0.5f);
    __half2 v = __hfma2(x[i], s, __floats2half2_rn(1.0f, -1.0f));
    if (__hgt(__low2half(v), __high2half(v))) v = __halves2half2(__high2half(v), __low2half(v));
    y[i] = v;
}

__global__ void operators(float *out)
{
    half a = __float2half(1.5f), b = 2.25f;
    half c = a + b, d = a * b - c, e = -d;
    c += half(1);
    float2 f = __half22float2(make_half2(c, e));
    out[0] = f.x;
    out[1] = f.y;
    out[2] = __half2float(hsqrt(__float2half(6.25f)));
    out[3] = a < b && b >= c == false ? 1.0f : 0.0f;
    out[4] = __half2int_rn(__float2half(2.5f)) + __half2float(__int2half_rn(7));
    out[5] = __half_as_ushort(__float2half(-2.0f));
    out[6] = float(__ushort_as_half((unsigned short)0x3c00));
    out[7] = __hisnan(__float2half(NAN)) ? 1.0f : 0.0f;
    out[8] = __half2float(__float2half_rn(65519.0f));
    out[9] = isinf(__half2float(__float2half_rn(65520.0f))) ? 1.0f : 0.0f;
    out[10] = __half2float(__float2half(0.1f)) * 4096.0f;
}

int main()
{
    const int n = 64;
    __half x[n], y[n], *dx, *dy;
    for (int i = 0; i < n; i++) x[i] = __float2half(i * 0.25f), y[i] = __float2half(8.0f - i);
    cudaMalloc(&dx, sizeof x), cudaMalloc(&dy, sizeof y);
    cudaMemcpy(dx, x, sizeof x, cudaMemcpyHostToDevice);
    cudaMemcpy(dy, y, sizeof y, cudaMemcpyHostToDevice);
    half_axpy<<<2, 32>>>(dx, dy, __float2half(2.0f), n);
    cudaMemcpy(y, dy, sizeof y, cudaMemcpyDeviceToHost);
    for (int i = 0; i < n; i++)
        if (__half2float(y[i]) != 8.0f - 0.5f * i) return printf("axpy %d: %f\n", i, __half2float(y[i])), 1;
    half2_ops<<<1, 32>>>((const __half2 *)dx, (__half2 *)dy, n / 2);
    cudaMemcpy(y, dy, sizeof y, cudaMemcpyDeviceToHost);
    for (int i = 0; i < n / 2; i++) {
        float low = 0.25f * i + 1, high = 0.125f * (2 * i + 1) - 1;
        if (__half2float(y[2 * i]) != fminf(low, high) || __half2float(y[2 * i + 1]) != fmaxf(low, high)) return printf("half2 %d\n", i), 1;
    }
    float out[11], *dout, want[11] = {4.75f, 0.375f, 2.5f, 1, 9, 49152, 1, 1, 65504, 1, 409.5f};
    cudaMalloc(&dout, sizeof out);
    operators<<<1, 1>>>(dout);
    cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
    for (int i = 0; i < 11; i++)
        if (out[i] != want[i]) return printf("operator %d: %f, not %f\n", i, out[i], want[i]), 1;
    cudaFree(dx), cudaFree(dy), cudaFree(dout);
    printf("ok half_precision %.3f\n", out[0] + out[1]);
    return 0;
}
