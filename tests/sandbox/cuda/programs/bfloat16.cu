// __nv_bfloat16: rounding, arithmetic in pairs, and a dot product accumulated in float.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <cuda_bf16.h>

static float rounded(float v)
{
    unsigned u;
    memcpy(&u, &v, 4);
    u = (u + 0x7fff + (u >> 16 & 1)) & 0xffff0000u;
    memcpy(&v, &u, 4);
    return v;
}

__global__ void convert(const float *in, __nv_bfloat16 *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = __float2bfloat16(in[i]);
}

__global__ void dot(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *out, int n)
{
    float sum = 0;
    for (int i = threadIdx.x; i < n; i += 32) sum += __bfloat162float(a[i]) * __bfloat162float(b[i]);
    for (int d = 16; d; d >>= 1) sum += __shfl_xor_sync(0xffffffff, sum, d);
    if (threadIdx.x == 0) *out = sum;
}

__global__ void pairs(const __nv_bfloat162 *a, __nv_bfloat162 *out, int n)
{
    int i = threadIdx.x;
    if (i < n) out[i] = __hadd2(__hmul2(a[i], a[i]), __float2bfloat162_rn(1.0f));
}

int main()
{
    const int n = 96;
    float x[n], got, *dx, *dr;
    __nv_bfloat16 h[n], *da, *db;
    for (int i = 0; i < n; i++) x[i] = (i - 40) * 0.3f;
    cudaMalloc(&dx, sizeof x), cudaMalloc(&da, sizeof h), cudaMalloc(&db, sizeof h), cudaMalloc(&dr, sizeof(float));
    cudaMemcpy(dx, x, sizeof x, cudaMemcpyHostToDevice);
    convert<<<3, 32>>>(dx, da, n);
    dot<<<1, 32>>>(da, da, dr, n);
    cudaMemcpy(h, da, sizeof h, cudaMemcpyDeviceToHost);
    cudaMemcpy(&got, dr, sizeof got, cudaMemcpyDeviceToHost);
    double want = 0;
    for (int i = 0; i < n; i++) {
        if (__bfloat162float(h[i]) != rounded(x[i])) return printf("rounding %d\n", i), 1;
        want += double(rounded(x[i])) * rounded(x[i]);
    }
    if (std::fabs(got - want) > 1e-4 * want) return printf("dot %f, not %f\n", got, want), 1;
    pairs<<<1, 64>>>((__nv_bfloat162 *)da, (__nv_bfloat162 *)db, n / 2);
    cudaMemcpy(h, db, sizeof h, cudaMemcpyDeviceToHost);
    for (int i = 0; i < n; i++) {
        float r = rounded(x[i]), w = rounded(rounded(r * r) + 1.0f), fused = rounded(r * r + 1.0f), v = __bfloat162float(h[i]);
        if (v != w && v != fused) return printf("pairs %d: %f, not %f\n", i, v, w), 1;
    }
    cudaFree(dx), cudaFree(da), cudaFree(db), cudaFree(dr);
    printf("ok bfloat16\n");
    return 0;
}
