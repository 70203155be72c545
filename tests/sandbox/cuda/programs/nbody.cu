// All-pairs gravity with float4 bodies in tiles of shared memory.
#include <cmath>
#include <cstdio>
#include <cstdlib>

#define SOFTENING 1e-3f
#define P 64

__device__ __host__ inline float3 interact(float4 bi, float4 bj, float3 ai)
{
    float3 r = make_float3(bj.x - bi.x, bj.y - bi.y, bj.z - bi.z);
    float d2 = r.x * r.x + r.y * r.y + r.z * r.z + SOFTENING;
    float inv = 1.0f / sqrtf(d2), s = bj.w * inv * inv * inv;
    ai.x += r.x * s;
    ai.y += r.y * s;
    ai.z += r.z * s;
    return ai;
}

__global__ void forces(const float4 *bodies, float3 *acc, int n)
{
    __shared__ float4 tile[P];
    int i = blockIdx.x * P + threadIdx.x;
    float4 me = i < n ? bodies[i] : make_float4(0, 0, 0, 0);
    float3 a = {0.0f, 0.0f, 0.0f};
    for (int base = 0; base < n; base += P) {
        int j = base + threadIdx.x;
        tile[threadIdx.x] = j < n ? bodies[j] : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        __syncthreads();
#pragma unroll 8
        for (int k = 0; k < P; k++) a = interact(me, tile[k], a);
        __syncthreads();
    }
    if (i < n) acc[i] = a;
}

__global__ void advance(float4 *bodies, float3 *velocity, const float3 *acc, float dt, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    velocity[i].x += dt * acc[i].x, velocity[i].y += dt * acc[i].y, velocity[i].z += dt * acc[i].z;
    bodies[i].x += dt * velocity[i].x, bodies[i].y += dt * velocity[i].y, bodies[i].z += dt * velocity[i].z;
}

int main()
{
    const int n = 150, steps = 3;
    float4 b[n], got[n];
    float3 v[n], a[n], *dv, *da;
    float4 *db;
    for (int i = 0; i < n; i++) {
        b[i] = make_float4(cosf(i), sinf(i * 1.7f), 0.01f * i, 1.0f + i % 3);
        v[i] = make_float3(0, 0, 0);
    }
    cudaMalloc(&db, sizeof b), cudaMalloc(&dv, sizeof v), cudaMalloc(&da, sizeof a);
    cudaMemcpy(db, b, sizeof b, cudaMemcpyHostToDevice);
    cudaMemset(dv, 0, sizeof v);
    for (int s = 0; s < steps; s++) {
        forces<<<(n + P - 1) / P, P>>>(db, da, n);
        advance<<<(n + 127) / 128, 128>>>(db, dv, da, 1e-4f, n);
        for (int i = 0; i < n; i++) {
            a[i] = make_float3(0, 0, 0);
            for (int j = 0; j < n; j++) a[i] = interact(b[i], b[j], a[i]);
        }
        for (int i = 0; i < n; i++) {
            v[i].x += 1e-4f * a[i].x, v[i].y += 1e-4f * a[i].y, v[i].z += 1e-4f * a[i].z;
            b[i].x += 1e-4f * v[i].x, b[i].y += 1e-4f * v[i].y, b[i].z += 1e-4f * v[i].z;
        }
    }
    cudaMemcpy(got, db, sizeof got, cudaMemcpyDeviceToHost);
    float worst = 0;
    for (int i = 0; i < n; i++) worst = fmaxf(worst, fabsf(got[i].x - b[i].x) + fabsf(got[i].y - b[i].y) + fabsf(got[i].z - b[i].z));
    cudaFree(db), cudaFree(dv), cudaFree(da);
    printf("%s nbody\n", worst < 1e-4f ? "ok" : "FAILED");
    return worst < 1e-4f ? EXIT_SUCCESS : EXIT_FAILURE;
}
