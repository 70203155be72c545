// More than 48 KiB of dynamic shared memory: refused without the opt-in, granted with it.
#include <cstdio>

__global__ void spread(int *out, int words)
{
    extern __shared__ int pool[];
    for (int i = threadIdx.x; i < words; i += blockDim.x) pool[i] = i ^ 0x55;
    __syncthreads();
    int sum = 0;
    for (int i = threadIdx.x; i < words; i += blockDim.x) sum += pool[words - 1 - i];
    atomicAdd(out, sum);
}

int main()
{
    const int bytes = 96 * 1024, words = bytes / 4;
    int *d, h = 0, want = 0;
    cudaMalloc(&d, sizeof(int));
    cudaMemset(d, 0, sizeof(int));
    spread<<<1, 128, bytes>>>(d, words);
    cudaError_t refused = cudaGetLastError();
    cudaError_t opted = cudaFuncSetAttribute(spread, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
    spread<<<1, 128, bytes>>>(d, words);
    cudaError_t granted = cudaGetLastError();
    cudaMemcpy(&h, d, sizeof h, cudaMemcpyDeviceToHost);
    for (int i = 0; i < words; i++) want += i ^ 0x55;
    bool good = refused == cudaErrorInvalidValue && opted == cudaSuccess && granted == cudaSuccess && h == want;
    cudaFree(d);
    printf("%s large_shared %d %s\n", good ? "ok" : "FAILED", h, cudaGetErrorName(refused));
    return good ? 0 : 1;
}
