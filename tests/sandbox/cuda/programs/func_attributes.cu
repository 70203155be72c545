// cudaFuncGetAttributes, limits, cache configuration, and what a pointer points to.
#include <cstdio>

__constant__ float table[16];

__global__ void __launch_bounds__(256) user(float *v)
{
    __shared__ float s[512];
    s[threadIdx.x] = table[threadIdx.x % 16];
    __syncthreads();
    v[threadIdx.x] = s[threadIdx.x ^ 1];
}

#define REQUIRE(x)                                                \
    if (!(x)) {                                                   \
        printf("line %d: %s\n", __LINE__, #x);                    \
        return 1;                                                 \
    }

int main()
{
    cudaFuncAttributes a;
    REQUIRE(cudaFuncGetAttributes(&a, user) == cudaSuccess);
    REQUIRE(a.maxThreadsPerBlock >= 256 && a.maxThreadsPerBlock <= 1024);
    REQUIRE(cudaFuncSetCacheConfig(user, cudaFuncCachePreferShared) == cudaSuccess);
    REQUIRE(cudaDeviceSetLimit(cudaLimitStackSize, 4096) == cudaSuccess);
    size_t limit = 0;
    REQUIRE(cudaDeviceGetLimit(&limit, cudaLimitStackSize) == cudaSuccess && limit >= 4096);
    float h[16], out[64], *d, *managed, *pinned;
    for (int i = 0; i < 16; i++) h[i] = i * i;
    REQUIRE(cudaMemcpyToSymbol(table, h, sizeof h) == cudaSuccess);
    REQUIRE(cudaMalloc(&d, sizeof out) == cudaSuccess);
    user<<<1, 64>>>(d);
    REQUIRE(cudaMemcpy(out, d, sizeof out, cudaMemcpyDeviceToHost) == cudaSuccess);
    for (int i = 0; i < 64; i++) REQUIRE(out[i] == h[(i ^ 1) % 16]);
    cudaPointerAttributes p;
    REQUIRE(cudaPointerGetAttributes(&p, d) == cudaSuccess && p.type == cudaMemoryTypeDevice && p.devicePointer == d);
    REQUIRE(cudaMallocManaged(&managed, 64) == cudaSuccess);
    REQUIRE(cudaPointerGetAttributes(&p, managed) == cudaSuccess && p.type == cudaMemoryTypeManaged);
    REQUIRE(cudaMallocHost(&pinned, 64) == cudaSuccess);
    REQUIRE(cudaPointerGetAttributes(&p, pinned) == cudaSuccess && p.type == cudaMemoryTypeHost);
    size_t available = 0, total = 0;
    REQUIRE(cudaMemGetInfo(&available, &total) == cudaSuccess && available <= total && total > 0);
    cudaFree(d), cudaFree(managed), cudaFreeHost(pinned);
    printf("ok func_attributes\n");
    return 0;
}
