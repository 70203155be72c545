// Single-pass scan: blocks take tickets and look back at their predecessors' published sums, waiting for them.
#include <cstdio>
#include <vector>

const int B = 64;

__device__ unsigned int ticket = 0;

__global__ void scan(const int *in, int *out, volatile unsigned long long *state, int n)
{
    __shared__ int s[B];
    __shared__ unsigned block;
    __shared__ int prefix;
    const int t = threadIdx.x;
    if (t == 0) block = atomicAdd(&ticket, 1u);
    __syncthreads();
    const int i = block * B + t;
    s[t] = i < n ? in[i] : 0;
    __syncthreads();
    for (int d = 1; d < B; d <<= 1) {
        const int v = t >= d ? s[t - d] : 0;
        __syncthreads();
        s[t] += v;
        __syncthreads();
    }
    if (t == 0) {
        int before = 0;
        if (block > 0) {
            unsigned long long previous;
            do {
                previous = atomicAdd((unsigned long long *)&state[block - 1], 0ull);
            } while (previous >> 32 == 0);
            before = (int)(unsigned)previous;
        }
        prefix = before;
        __threadfence();
        atomicExch((unsigned long long *)&state[block], 1ull << 32 | (unsigned)(before + s[B - 1]));
    }
    __syncthreads();
    if (i < n) out[i] = prefix + s[t];
}

int main()
{
    const int n = 1900, blocks = (n + B - 1) / B;
    std::vector<int> in(n), out(n);
    for (int i = 0; i < n; i++) in[i] = i * 41 % 29;
    int *din, *dout, sum = 0;
    unsigned long long *state;
    cudaMalloc(&din, n * sizeof(int));
    cudaMalloc(&dout, n * sizeof(int));
    cudaMalloc(&state, blocks * sizeof(*state));
    cudaMemset(state, 0, blocks * sizeof(*state));
    cudaMemcpy(din, in.data(), n * sizeof(int), cudaMemcpyHostToDevice);
    scan<<<blocks, B>>>(din, dout, state, n);
    cudaMemcpy(out.data(), dout, n * sizeof(int), cudaMemcpyDeviceToHost);
    for (int i = 0; i < n; i++)
        if (out[i] != (sum += in[i])) return printf("wrong at %d\n", i), 1;
    cudaFree(din), cudaFree(dout), cudaFree(state);
    printf("ok scan_lookback %d\n", sum);
    return 0;
}
