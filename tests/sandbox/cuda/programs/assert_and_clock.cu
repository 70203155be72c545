// Assertions that hold on the device, and its clocks, which never run backwards.
#include <assert.h>
#include <stdio.h>

__global__ void timed(int *data, long long *elapsed, int n)
{
    long long start = clock64();
    clock_t coarse = clock();
    int t = threadIdx.x;
    assert(t < n);
    assert(data != NULL && "no data");
    for (int i = 0; i < 50; i++) data[t] = data[t] * 3 % 1000 + 1;
    __threadfence_block();
    elapsed[t] = clock64() - start;
    assert(data[t] >= 0);
    (void)coarse;
    __nanosleep(10);
}

int main()
{
    const int n = 40;
    int h[n], *d;
    long long e[n], *de;
    for (int i = 0; i < n; i++) h[i] = i;
    cudaMalloc(&d, sizeof(h));
    cudaMalloc(&de, sizeof(e));
    cudaMemcpy(d, h, sizeof(h), cudaMemcpyHostToDevice);
    timed<<<1, n>>>(d, de, n);
    cudaError_t code = cudaDeviceSynchronize();
    cudaMemcpy(h, d, sizeof(h), cudaMemcpyDeviceToHost);
    cudaMemcpy(e, de, sizeof(e), cudaMemcpyDeviceToHost);
    int sum = 0, bad = code != cudaSuccess;
    for (int i = 0; i < n; i++) {
        int v = i;
        for (int k = 0; k < 50; k++) v = v * 3 % 1000 + 1;
        bad |= h[i] != v || e[i] < 0;
        sum += v;
    }
    cudaFree(d);
    cudaFree(de);
    printf("%s assert_and_clock %d\n", bad ? "FAILED" : "ok", sum);
    return bad;
}
