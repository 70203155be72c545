// The same sum in five ways: interleaved, sequential, unrolled last warp, warp shuffles, and atomics of partial sums.
#include <cstdio>

#define THREADS 128
typedef void (*Kernel)(const int *, int *, int);

__global__ void interleaved(const int *in, int *out, int n)
{
    __shared__ int s[THREADS];
    unsigned t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    s[t] = i < n ? in[i] : 0;
    __syncthreads();
    for (unsigned d = 1; d < blockDim.x; d *= 2) {
        if (t % (2 * d) == 0) s[t] += s[t + d];
        __syncthreads();
    }
    if (t == 0) out[blockIdx.x] = s[0];
}

__global__ void sequential(const int *in, int *out, int n)
{
    extern __shared__ int s[];
    unsigned t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    s[t] = i < n ? in[i] : 0;
    __syncthreads();
    for (unsigned d = blockDim.x / 2; d > 0; d >>= 1) {
        if (t < d) s[t] += s[t + d];
        __syncthreads();
    }
    if (t == 0) out[blockIdx.x] = s[0];
}

__device__ void warp_reduce(volatile int *s, int t)
{
    int v = s[t];
    for (int d = 32; d > 0; d >>= 1) {
        v += s[t + d];
        __syncwarp();
        s[t] = v;
        __syncwarp();
    }
}

__global__ void last_warp(const int *in, int *out, int n)
{
    __shared__ int s[THREADS];
    unsigned t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    s[t] = i < n ? in[i] : 0;
    __syncthreads();
    for (unsigned d = blockDim.x / 2; d > 32; d >>= 1) {
        if (t < d) s[t] += s[t + d];
        __syncthreads();
    }
    if (t < 32) warp_reduce(s, t);
    if (t == 0) out[blockIdx.x] = s[0];
}

__inline__ __device__ int warp_sum(int v)
{
    for (int d = warpSize / 2; d > 0; d /= 2) v += __shfl_down_sync(0xffffffff, v, d);
    return v;
}

__global__ void shuffled(const int *in, int *out, int n)
{
    static __shared__ int s[32];
    int lane = threadIdx.x % warpSize, warp = threadIdx.x / warpSize, i = blockIdx.x * blockDim.x + threadIdx.x;
    int v = warp_sum(i < n ? in[i] : 0);
    if (lane == 0) s[warp] = v;
    __syncthreads();
    v = threadIdx.x < blockDim.x / warpSize ? s[lane] : 0;
    if (warp == 0) v = warp_sum(v);
    if (threadIdx.x == 0) out[blockIdx.x] = v;
}

__global__ void atomic(const int *in, int *out, int n)
{
    __shared__ int sum;
    if (threadIdx.x == 0) sum = 0;
    __syncthreads();
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(&sum, in[i]);
    __syncthreads();
    if (threadIdx.x == 0) out[blockIdx.x] = sum;
}

int main()
{
    const int n = 3000, blocks = (n + THREADS - 1) / THREADS;
    static int in[n], out[blocks];
    int *din, *dout, want = 0;
    for (int i = 0; i < n; i++) want += in[i] = i * 97 % 1013 - 500;
    cudaMalloc(&din, sizeof in);
    cudaMalloc(&dout, sizeof out);
    cudaMemcpy(din, in, sizeof in, cudaMemcpyHostToDevice);
    const Kernel kernels[] = {interleaved, sequential, last_warp, shuffled, atomic};
    const char *names[] = {"interleaved", "sequential", "last_warp", "shuffled", "atomic"};
    for (int k = 0; k < 5; k++) {
        kernels[k]<<<blocks, THREADS, THREADS * sizeof(int)>>>(din, dout, n);
        cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
        int sum = 0;
        for (int b = 0; b < blocks; b++) sum += out[b];
        if (sum != want) {
            printf("%s: %d, not %d\n", names[k], sum, want);
            return 1;
        }
    }
    cudaFree(din);
    cudaFree(dout);
    printf("ok reductions %d\n", want);
    return 0;
}
