// The four shuffles over a whole warp and with widths, on int, float, double and long long.
#include <cstdio>

#define FULL 0xffffffffu

template <typename T>
__global__ void shuffle_all(T *out)
{
    const int lane = threadIdx.x % warpSize;
    const T v = T(lane * 3 + 1);
    T *row = out + threadIdx.x * 8;
    row[0] = __shfl_sync(FULL, v, 5);
    row[1] = __shfl_sync(FULL, v, lane + 7, 8);
    row[2] = __shfl_up_sync(FULL, v, 2);
    row[3] = __shfl_up_sync(FULL, v, 3, 16);
    row[4] = __shfl_down_sync(FULL, v, 4);
    row[5] = __shfl_down_sync(FULL, v, 1, 4);
    row[6] = __shfl_xor_sync(FULL, v, 9);
    row[7] = __shfl_xor_sync(FULL, v, 5, 8);
}

template <typename T>
__global__ void warp_sum(const T *in, T *out)
{
    T v = in[blockIdx.x * blockDim.x + threadIdx.x];
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_down_sync(FULL, v, offset);
    if (threadIdx.x % 32 == 0) out[(blockIdx.x * blockDim.x + threadIdx.x) / 32] = v;
}

static int source(int kind, int lane)
{
    switch (kind) {
    case 0: return 5;
    case 1: return (lane & ~7) + (lane + 7) % 8;
    case 2: return lane < 2 ? lane : lane - 2;
    case 3: return lane % 16 < 3 ? lane : lane - 3;
    case 4: return lane + 4 > 31 ? lane : lane + 4;
    case 5: return lane % 4 == 3 ? lane : lane + 1;
    case 6: return lane ^ 9;
    default: return lane ^ 5;
    }
}

template <typename T>
bool test()
{
    const int n = 64;
    T out[n * 8], *d;
    cudaMalloc(&d, sizeof out);
    shuffle_all<T><<<1, n>>>(d);
    cudaMemcpy(out, d, sizeof out, cudaMemcpyDeviceToHost);
    bool good = true;
    for (int t = 0; t < n; t++)
        for (int k = 0; k < 8; k++)
            if (out[t * 8 + k] != T(source(k, t % 32) * 3 + 1)) {
                printf("thread %d, kind %d: %g\n", t, k, double(out[t * 8 + k]));
                good = false;
            }
    T sums[16], *d_sums;
    cudaMalloc(&d_sums, sizeof sums);
    warp_sum<<<4, 128>>>(d, d_sums);
    cudaMemcpy(sums, d_sums, sizeof sums, cudaMemcpyDeviceToHost);
    for (int w = 0; w < 16; w++) {
        T want = 0;
        for (int i = 0; i < 32; i++) want += out[w * 32 + i];
        if (sums[w] != want) good = false;
    }
    cudaFree(d);
    cudaFree(d_sums);
    return good;
}

int main()
{
    bool good = test<int>() && test<unsigned>() && test<float>() && test<double>() && test<long long>();
    printf("%s shuffles\n", good ? "ok" : "FAILED");
    return !good;
}
