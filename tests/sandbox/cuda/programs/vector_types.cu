// Vector types: sizes and alignments, constructors, members, loads as float4, user operators, dim3 and uint3.
#include <cstdio>

static_assert(sizeof(float3) == 12 && alignof(float3) == 4, "float3");
static_assert(sizeof(float4) == 16 && alignof(float4) == 16, "float4");
static_assert(sizeof(double2) == 16 && alignof(double2) == 16, "double2");
static_assert(sizeof(uchar4) == 4 && alignof(uchar4) == 4 && sizeof(short3) == 6 && sizeof(longlong2) == 16, "small ones");

__host__ __device__ inline float4 operator+(float4 a, float4 b) { return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w); }
__host__ __device__ inline float4 operator*(float s, float4 a) { return make_float4(s * a.x, s * a.y, s * a.z, s * a.w); }
__host__ __device__ inline float dot(float4 a, float4 b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

__global__ void axpy4(float4 *y, const float4 *x, float a, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = a * x[i] + y[i];
}

__global__ void mixed(float *in, double2 *out, int n)
{
    int i = threadIdx.x;
    if (i >= n) return;
    float4 v = reinterpret_cast<float4 *>(in)[i];
    short2 s{static_cast<short>(v.x), static_cast<short>(v.y)};
    uchar4 c = make_uchar4(1, 2, 3, 4);
    longlong2 l = make_longlong2(s.x, c.w);
    ushort3 u = {1, 2, 3};
    int3 k = make_int3(u.x, u.y, u.z);
    uint3 id = threadIdx;
    dim3 bd = blockDim;
    out[i] = make_double2(l.x + l.y + k.z + id.x, v.z + v.w + bd.x);
}

int main()
{
    const int n = 40;
    float x[4 * n], y[4 * n];
    double2 out[n];
    for (int i = 0; i < 4 * n; i++) x[i] = i, y[i] = 100 - i;
    float4 *dx, *dy;
    double2 *dout;
    cudaMalloc(&dx, sizeof x), cudaMalloc(&dy, sizeof y), cudaMalloc(&dout, sizeof out);
    cudaMemcpy(dx, x, sizeof x, cudaMemcpyHostToDevice);
    cudaMemcpy(dy, y, sizeof y, cudaMemcpyHostToDevice);
    axpy4<<<2, 32>>>(dy, dx, 2.0f, n);
    mixed<<<1, 64>>>((float *)dy, dout, n);
    cudaMemcpy(y, dy, sizeof y, cudaMemcpyDeviceToHost);
    cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
    for (int i = 0; i < 4 * n; i++)
        if (y[i] != 100 + i) return printf("y[%d] = %f\n", i, y[i]), 1;
    for (int i = 0; i < n; i++)
        if (out[i].x != 100 + 4 * i + 4 + 3 + i || out[i].y != 205 + 8 * i + 64) return printf("out[%d] = %f %f\n", i, out[i].x, out[i].y), 2;
    dim3 d(3, 2), e = 7;
    uint3 u = d;
    cudaFree(dx), cudaFree(dy), cudaFree(dout);
    printf("ok vector_types %u %u %u %.0f\n", d.z, e.x * e.y, u.y, dot(make_float4(1, 2, 3, 4), make_float4(4, 3, 2, 1)));
    return 0;
}
