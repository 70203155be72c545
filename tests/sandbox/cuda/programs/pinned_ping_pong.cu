// Two buffers in turn, each waited for before it is used again.
#include <cstdio>

__global__ void add(int *v)
{
    v[threadIdx.x] += 1;
}

int main()
{
    int *h[2], *d[2];
    cudaStream_t s[2];
    for (int i = 0; i < 2; ++i) cudaStreamCreate(&s[i]), cudaMallocHost(&h[i], 128), cudaMalloc(&d[i], 128);
    int sum = 0;
    for (int k = 0; k < 6; ++k) {
        int b = k % 2;
        cudaStreamSynchronize(s[b]);
        if (k >= 2) sum += h[b][5];
        for (int i = 0; i < 32; ++i) h[b][i] = k;
        cudaMemcpyAsync(d[b], h[b], 128, cudaMemcpyHostToDevice, s[b]);
        add<<<1, 32, 0, s[b]>>>(d[b]);
        cudaMemcpyAsync(h[b], d[b], 128, cudaMemcpyDeviceToHost, s[b]);
    }
    cudaDeviceSynchronize();
    sum += h[0][5] + h[1][5];
    printf("%s %d\n", sum == 21 ? "ok pinned ping pong" : "WRONG", sum);
}
