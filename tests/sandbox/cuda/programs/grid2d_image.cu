// RGB to grey and a 3x3 box blur over 2D blocks that stick out of the image.
#include <cstdio>
#include <cstdlib>

typedef unsigned char byte;

__global__ void toGrey(const uchar3 *rgb, byte *grey, int w, int h)
{
    const int2 p = make_int2(blockIdx.x * blockDim.x + threadIdx.x, blockIdx.y * blockDim.y + threadIdx.y);
    if (p.x >= w || p.y >= h) return;
    const uchar3 c = rgb[p.y * w + p.x];
    grey[p.y * w + p.x] = (77 * c.x + 150 * c.y + 29 * c.z) >> 8;
}

__global__ void blur(const byte *in, byte *out, int w, int h)
{
    const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= w || y >= h) return;
    int sum = 0, count = 0;
    for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
            const int u = x + dx, v = y + dy;
            if (u < 0 || v < 0 || u >= w || v >= h) continue;
            sum += in[v * w + u];
            ++count;
        }
    out[y * w + x] = sum / count;
}

int main()
{
    const int w = 53, h = 35;
    uchar3 *rgb = new uchar3[w * h], *d_rgb;
    byte *grey = new byte[w * h], *out = new byte[w * h], *d_grey, *d_out;
    for (int i = 0; i < w * h; i++) rgb[i] = make_uchar3(i * 3 & 255, i * 5 & 255, i * 11 & 255);
    cudaMalloc(&d_rgb, w * h * sizeof(uchar3));
    cudaMalloc(&d_grey, w * h);
    cudaMalloc(&d_out, w * h);
    cudaMemcpy(d_rgb, rgb, w * h * sizeof(uchar3), cudaMemcpyHostToDevice);
    dim3 threads(16, 16);
    dim3 blocks((w + threads.x - 1) / threads.x, (h + threads.y - 1) / threads.y, 1);
    toGrey<<<blocks, threads>>>(d_rgb, d_grey, w, h);
    blur<<<blocks, threads, 0, 0>>>(d_grey, d_out, w, h);
    cudaDeviceSynchronize();
    cudaMemcpy(grey, d_grey, w * h, cudaMemcpyDeviceToHost);
    cudaMemcpy(out, d_out, w * h, cudaMemcpyDeviceToHost);
    unsigned checksum = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            uchar3 c = rgb[y * w + x];
            if (grey[y * w + x] != (77 * c.x + 150 * c.y + 29 * c.z) >> 8) return EXIT_FAILURE;
            int sum = 0, count = 0;
            for (int v = y - 1; v <= y + 1; v++)
                for (int u = x - 1; u <= x + 1; u++)
                    if (u >= 0 && v >= 0 && u < w && v < h) sum += grey[v * w + u], count++;
            if (out[y * w + x] != sum / count) return EXIT_FAILURE;
            checksum = checksum * 31 + out[y * w + x];
        }
    cudaFree(d_rgb), cudaFree(d_grey), cudaFree(d_out);
    delete[] rgb, delete[] grey, delete[] out;
    printf("ok grid2d_image %08x\n", checksum);
    return EXIT_SUCCESS;
}
