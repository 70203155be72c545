// Host code is free to name its variables like the device's builtins.
#include <stdio.h>
#include <stdlib.h>

__global__ void fill(int *out, int width, int height)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x < width && y < height) out[y * width + x] = y * 1000 + x;
}

__global__ void negate(int *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = -out[i];
}

static int launch(int *d, int width, int height)
{
    dim3 blockDim(16, 8);
    dim3 gridDim((width + blockDim.x - 1) / blockDim.x, (height + blockDim.y - 1) / blockDim.y);
    fill<<<gridDim, blockDim>>>(d, width, height);
    int threadIdx = 96, blockIdx = (width * height + threadIdx - 1) / threadIdx;
    negate<<<blockIdx, threadIdx>>>(d, width * height);
    return blockIdx;
}

int main(int argc, char **argv)
{
    int width = 37, height = 21, warpSize = 32;
    int *d, *h = (int *)calloc(width * height, sizeof(int));
    cudaMalloc((void **)&d, width * height * sizeof(int));
    int blocks = launch(d, width, height);
    cudaMemcpy(h, d, width * height * sizeof(int), cudaMemcpyDeviceToHost);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            if (h[y * width + x] != -(y * 1000 + x)) {
                printf("wrong at %d,%d\n", x, y);
                return 1;
            }
    cudaFree(d);
    free(h);
    printf("ok shadow_builtins %d %d\n", blocks, warpSize);
    return 0;
}
