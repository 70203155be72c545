// Prefix sum over many blocks: scan blocks, scan their sums, add them; recursion on the host.
#include <cstdio>
#include <cstdlib>
#include <vector>

#define cudaSafe(call) safe((call), __FILE__, __LINE__)
inline void safe(cudaError_t code, const char *file, int line, bool abort = true)
{
    if (code != cudaSuccess) {
        fprintf(stderr, "GPUassert: %s %s %d\n", cudaGetErrorString(code), file, line);
        if (abort) exit(code);
    }
}

const int B = 64;

__global__ void scan_block(const long *in, long *out, long *sums, int n)
{
    __shared__ long s[B];
    int i = blockIdx.x * B + threadIdx.x;
    s[threadIdx.x] = i < n ? in[i] : 0;
    __syncthreads();
    for (int d = 1; d < B; d *= 2) {
        long v = threadIdx.x >= d ? s[threadIdx.x - d] : 0;
        __syncthreads();
        s[threadIdx.x] += v;
        __syncthreads();
    }
    if (i < n) out[i] = s[threadIdx.x];
    if (threadIdx.x == B - 1) sums[blockIdx.x] = s[B - 1];
}

__global__ void add_offsets(long *out, const long *sums, int n)
{
    int i = blockIdx.x * B + threadIdx.x;
    if (blockIdx.x > 0 && i < n) out[i] += sums[blockIdx.x - 1];
}

void scan(const long *in, long *out, int n)
{
    int blocks = (n + B - 1) / B;
    long *sums;
    cudaSafe(cudaMalloc((void **)&sums, blocks * sizeof(long)));
    scan_block<<<blocks, B>>>(in, out, sums, n);
    cudaSafe(cudaPeekAtLastError());
    if (blocks > 1) {
        scan(sums, sums, blocks);
        add_offsets<<<blocks, B>>>(out, sums, n);
        cudaSafe(cudaDeviceSynchronize());
    }
    cudaSafe(cudaFree(sums));
}

int main()
{
    const int n = B * B + 777;
    std::vector<long> in(n), out(n);
    for (int i = 0; i < n; i++) in[i] = i * 6007 % 1000;
    long *d_in, *d_out, sum = 0;
    cudaSafe(cudaMalloc((void **)&d_in, n * sizeof(long)));
    cudaSafe(cudaMalloc((void **)&d_out, n * sizeof(long)));
    cudaSafe(cudaMemcpy(d_in, in.data(), n * sizeof(long), cudaMemcpyHostToDevice));
    scan(d_in, d_out, n);
    cudaSafe(cudaMemcpy(out.data(), d_out, n * sizeof(long), cudaMemcpyDeviceToHost));
    for (int i = 0; i < n; i++)
        if (out[i] != (sum += in[i])) return printf("wrong at %d: %ld, not %ld\n", i, out[i], sum), 1;
    cudaSafe(cudaFree(d_in));
    cudaSafe(cudaFree(d_out));
    printf("ok scan_multiblock %ld\n", sum);
}
