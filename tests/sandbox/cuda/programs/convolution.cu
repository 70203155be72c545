// Separable convolution with the filter in constant memory; rows through shared memory with an apron.
#include <cmath>
#include <cstdio>
#include <vector>

#define RADIUS 4
#define ROW_BLOCK 64

__constant__ float c_kernel[2 * RADIUS + 1];

__global__ void rows(float *dst, const float *src, int w, int h)
{
    __shared__ float s[ROW_BLOCK + 2 * RADIUS];
    const int y = blockIdx.y, x0 = blockIdx.x * ROW_BLOCK;
    for (int k = threadIdx.x; k < ROW_BLOCK + 2 * RADIUS; k += blockDim.x) {
        int x = x0 + k - RADIUS;
        s[k] = x >= 0 && x < w ? src[y * w + x] : 0.0f;
    }
    __syncthreads();
    const int x = x0 + threadIdx.x;
    if (x >= w) return;
    float sum = 0;
#pragma unroll
    for (int k = -RADIUS; k <= RADIUS; k++) sum += s[threadIdx.x + RADIUS + k] * c_kernel[RADIUS - k];
    dst[y * w + x] = sum;
}

__global__ void columns(float *dst, const float *src, int w, int h)
{
    const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= w || y >= h) return;
    float sum = 0;
    for (int k = -RADIUS; k <= RADIUS; k++)
        if (y + k >= 0 && y + k < h) sum = __fmaf_rn(src[(y + k) * w + x], c_kernel[RADIUS - k], sum);
    dst[y * w + x] = sum;
}

int main()
{
    const int w = 90, h = 41;
    float kernel[2 * RADIUS + 1];
    for (int k = 0; k <= 2 * RADIUS; k++) kernel[k] = 1.0f / (1 + k);
    std::vector<float> in(w * h), got(w * h);
    for (int i = 0; i < w * h; i++) in[i] = i * 13 % 23 - 11;
    float *a, *b;
    cudaMalloc(&a, w * h * sizeof(float));
    cudaMalloc(&b, w * h * sizeof(float));
    cudaMemcpyToSymbol(c_kernel, kernel, sizeof kernel);
    cudaMemcpy(a, &in[0], w * h * sizeof(float), cudaMemcpyHostToDevice);
    rows<<<dim3((w + ROW_BLOCK - 1) / ROW_BLOCK, h), ROW_BLOCK>>>(b, a, w, h);
    columns<<<dim3((w + 15) / 16, (h + 7) / 8), dim3(16, 8)>>>(a, b, w, h);
    cudaMemcpy(&got[0], a, w * h * sizeof(float), cudaMemcpyDeviceToHost);
    double worst = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double sum = 0;
            for (int v = -RADIUS; v <= RADIUS; v++)
                for (int u = -RADIUS; u <= RADIUS; u++)
                    if (x + u >= 0 && x + u < w && y + v >= 0 && y + v < h) sum += double(in[(y + v) * w + x + u]) * kernel[RADIUS - u] * kernel[RADIUS - v];
            worst = std::fmax(worst, std::fabs(sum - got[y * w + x]));
        }
    cudaFree(a);
    cudaFree(b);
    printf("%s convolution\n", worst < 1e-4 ? "ok" : "FAILED");
    return worst < 1e-4 ? 0 : 1;
}
