// Pitched allocations: 2D copies of a whole image and of a window, and a 2D memset.
#include <cstdio>
#include <cstring>

__global__ void bump(float *base, size_t pitch, int width, int height)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y;
    if (x < width && y < height) {
        float *row = (float *)((char *)base + y * pitch);
        row[x] += 100 * y;
    }
}

int main()
{
    const int width = 45, height = 12;
    float h[height][width], back[height][width], window[4][10];
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) h[y][x] = x;
    float *d;
    size_t pitch;
    if (cudaMallocPitch(&d, &pitch, width * sizeof(float), height) != cudaSuccess) return 1;
    if (pitch < width * sizeof(float)) return 2;
    cudaMemcpy2D(d, pitch, h, width * sizeof(float), width * sizeof(float), height, cudaMemcpyHostToDevice);
    bump<<<dim3((width + 31) / 32, height), 32>>>(d, pitch, width, height);
    cudaMemcpy2D(back, width * sizeof(float), d, pitch, width * sizeof(float), height, cudaMemcpyDeviceToHost);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            if (back[y][x] != x + 100 * y) return printf("back[%d][%d] = %f\n", y, x, back[y][x]), 3;
    const float *corner = (const float *)((char *)d + 5 * pitch) + 20;
    cudaMemcpy2D(window, sizeof window[0], corner, pitch, sizeof window[0], 4, cudaMemcpyDeviceToHost);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 10; x++)
            if (window[y][x] != (x + 20) + 100 * (y + 5)) return 4;
    cudaMemset2D(d, pitch, 0, 10 * sizeof(float), height);
    float *packed;
    cudaMalloc(&packed, sizeof h);
    cudaMemcpy2D(packed, width * sizeof(float), d, pitch, width * sizeof(float), height, cudaMemcpyDeviceToDevice);
    cudaMemcpy(back, packed, sizeof back, cudaMemcpyDeviceToHost);
    double sum = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            if (back[y][x] != (x < 10 ? 0 : x + 100 * y)) return 5;
            sum += back[y][x];
        }
    if (cudaMemcpy2D(d, 8, h, 4, 16, 2, cudaMemcpyHostToDevice) != cudaErrorInvalidPitchValue) return 6;
    cudaFree(packed);
    cudaFree(d);
    printf("ok pitch_copy %.0f\n", sum);
    return 0;
}
