// Inclusive and exclusive scans in a block: Hillis-Steele, Blelloch, and one of warp scans.
#include <cstdio>

__global__ void hillis_steele(const int *in, int *out, int n)
{
    extern __shared__ int temp[];
    int t = threadIdx.x, pout = 0, pin = 1;
    temp[t] = in[t];
    __syncthreads();
    for (int offset = 1; offset < n; offset *= 2) {
        pout = 1 - pout;
        pin = 1 - pout;
        temp[pout * n + t] = temp[pin * n + t] + (t >= offset ? temp[pin * n + t - offset] : 0);
        __syncthreads();
    }
    out[t] = temp[pout * n + t];
}

__global__ void blelloch(const int *in, int *out, int n)
{
    extern __shared__ int temp[];
    int t = threadIdx.x, offset = 1;
    temp[2 * t] = in[2 * t];
    temp[2 * t + 1] = in[2 * t + 1];
    for (int d = n >> 1; d > 0; d >>= 1) {
        __syncthreads();
        if (t < d) temp[offset * (2 * t + 2) - 1] += temp[offset * (2 * t + 1) - 1];
        offset *= 2;
    }
    if (t == 0) temp[n - 1] = 0;
    for (int d = 1; d < n; d *= 2) {
        offset >>= 1;
        __syncthreads();
        if (t < d) {
            int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1, v = temp[a];
            temp[a] = temp[b];
            temp[b] += v;
        }
    }
    __syncthreads();
    out[2 * t] = temp[2 * t];
    out[2 * t + 1] = temp[2 * t + 1];
}

__device__ int warp_inclusive(int v)
{
    for (int d = 1; d < 32; d <<= 1) {
        int o = __shfl_up_sync(0xffffffff, v, d);
        if (threadIdx.x % 32 >= d) v += o;
    }
    return v;
}

__global__ void by_warps(const int *in, int *out)
{
    __shared__ int totals[32];
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, v = warp_inclusive(in[threadIdx.x]);
    if (lane == 31) totals[warp] = v;
    __syncthreads();
    if (warp == 0) {
        int t = lane < blockDim.x / 32 ? totals[lane] : 0;
        totals[lane] = warp_inclusive(t);
    }
    __syncthreads();
    out[threadIdx.x] = v + (warp ? totals[warp - 1] : 0);
}

int main()
{
    const int n = 256;
    int in[n], out[3][n], *din, *dout;
    for (int i = 0; i < n; i++) in[i] = i * 31 % 17 - 5;
    cudaMalloc(&din, sizeof in);
    cudaMalloc(&dout, sizeof out);
    cudaMemcpy(din, in, sizeof in, cudaMemcpyHostToDevice);
    hillis_steele<<<1, n, 2 * n * sizeof(int)>>>(din, dout, n);
    blelloch<<<1, n / 2, n * sizeof(int)>>>(din, dout + n, n);
    by_warps<<<1, n>>>(din, dout + 2 * n);
    cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
    int sum = 0;
    for (int i = 0; i < n; i++) {
        if (out[1][i] != sum) return printf("exclusive %d\n", i), 1;
        sum += in[i];
        if (out[0][i] != sum || out[2][i] != sum) return printf("inclusive %d: %d %d\n", i, out[0][i], out[2][i]), 1;
    }
    cudaFree(din);
    cudaFree(dout);
    printf("ok block_scan %d\n", sum);
    return 0;
}
