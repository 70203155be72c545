#include <cuda_runtime.h>

#define TILE 16

/* A block loads its tile and what lies around it into shared memory. */
__global__ void blur_tile(int height, int width, const float *image, int radius, const float *mask, float *out) {
    extern __shared__ float tile[];
    const int side = 2 * radius + 1, pitch = TILE + 2 * radius;
    const int top = blockIdx.y * TILE - radius, left = blockIdx.x * TILE - radius;
    for (int y = threadIdx.y; y < pitch; y += TILE)
        for (int x = threadIdx.x; x < pitch; x += TILE) {
            const int row = top + y, column = left + x;
            const bool inside = row >= 0 && row < height && column >= 0 && column < width;
            tile[y * pitch + x] = inside ? image[(size_t)row * width + column] : 0.0f;
        }
    __syncthreads();
    const int i = blockIdx.y * TILE + threadIdx.y, j = blockIdx.x * TILE + threadIdx.x;
    if (i >= height || j >= width) return;
    float sum = 0.0f;
    for (int p = 0; p < side; p++)
        for (int q = 0; q < side; q++) sum += mask[p * side + q] * tile[(threadIdx.y + p) * pitch + threadIdx.x + q];
    out[(size_t)i * width + j] = sum;
}

extern "C" void blur(int height, int width, const float *image, int radius, const float *mask, float *out) {
    if (height == 0 || width == 0) return;
    const size_t image_bytes = sizeof(float) * height * width;
    const size_t mask_bytes = sizeof(float) * (2 * radius + 1) * (2 * radius + 1);
    const size_t tile_bytes = sizeof(float) * (TILE + 2 * radius) * (TILE + 2 * radius);
    float *d_image, *d_mask, *d_out;
    cudaMalloc(&d_image, image_bytes);
    cudaMalloc(&d_mask, mask_bytes);
    cudaMalloc(&d_out, image_bytes);
    cudaMemcpy(d_image, image, image_bytes, cudaMemcpyHostToDevice);
    cudaMemcpy(d_mask, mask, mask_bytes, cudaMemcpyHostToDevice);
    const dim3 grid((width + TILE - 1) / TILE, (height + TILE - 1) / TILE), block(TILE, TILE);
    blur_tile<<<grid, block, tile_bytes>>>(height, width, d_image, radius, d_mask, d_out);
    cudaMemcpy(out, d_out, image_bytes, cudaMemcpyDeviceToHost);
    cudaFree(d_out);
    cudaFree(d_mask);
    cudaFree(d_image);
}
