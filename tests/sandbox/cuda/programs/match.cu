// __match_any_sync groups lanes by key, __match_all_sync tells whether a warp agrees; __reduce_*_sync of sm_80.
#include <cstdio>

__global__ void group(const int *keys, int *sizes, int *leaders, int *agree, int *sums)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x % 32;
    unsigned peers = __match_any_sync(0xffffffff, keys[i]);
    sizes[i] = __popc(peers);
    leaders[i] = __ffs(peers) - 1 == lane;
    int all_equal;
    unsigned mask = __match_all_sync(0xffffffff, (long long)(keys[i] / 4), &all_equal);
    agree[i] = all_equal ? __popc(mask) : -(int)mask;
    sums[i] = __reduce_add_sync(peers, lane) + 1000 * __reduce_max_sync(0xffffffff, keys[i]) + __reduce_min_sync(0xffffffffu, -lane);
}

int main()
{
    const int n = 128;
    int keys[n], out[4][n], *dk, *dout;
    for (int i = 0; i < n; i++) keys[i] = i / 32 == 1 ? 4 + i % 3 : i * i % 7;
    cudaMalloc(&dk, sizeof keys);
    cudaMalloc(&dout, sizeof out);
    cudaMemcpy(dk, keys, sizeof keys, cudaMemcpyHostToDevice);
    group<<<2, 64>>>(dk, dout, dout + n, dout + 2 * n, dout + 3 * n);
    cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
    int leaders = 0;
    for (int i = 0; i < n; i++) {
        int w = i / 32 * 32, size = 0, first = -1, sum = 0, largest = 0, equal = 1;
        for (int j = w; j < w + 32; j++) {
            if (keys[j] == keys[i]) {
                size++;
                sum += j % 32;
                if (first < 0) first = j;
            }
            if (keys[j] > largest) largest = keys[j];
            equal &= keys[j] / 4 == keys[w] / 4;
        }
        if (out[0][i] != size || out[1][i] != (first == i) || out[2][i] != (equal ? 32 : 0) || out[3][i] != sum + 1000 * largest - 31)
            return printf("lane %d: %d %d %d %d\n", i, out[0][i], out[1][i], out[2][i], out[3][i]), 1;
        leaders += out[1][i];
    }
    cudaFree(dk);
    cudaFree(dout);
    printf("ok match %d\n", leaders);
    return 0;
}
