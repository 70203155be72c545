// fault: kind=out_of_bounds check=none line=8 kernel=fill
// The pitch counts bytes, but is used to index floats.
#include <cstdio>

__global__ void fill(float *image, size_t pitch, int w, int h)
{
    int x = threadIdx.x, y = blockIdx.x;
    if (x < w && y < h) image[y * pitch + x] = x;
}

int main()
{
    const int w = 100, h = 40;
    float *d, row[w];
    size_t pitch;
    cudaMallocPitch(&d, &pitch, w * sizeof(float), h);
    fill<<<h, 128>>>(d, pitch, w, h);
    cudaError_t e = cudaMemcpy2D(row, sizeof row, d, pitch, sizeof row, 1, cudaMemcpyDeviceToHost);
    printf("%s %f\n", cudaGetErrorString(e), row[99]);
    cudaFree(d);
}
