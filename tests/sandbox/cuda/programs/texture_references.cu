// Textures and surfaces as CUDA 11 had them: references of the file that the host binds.
// no device: nvcc 12 and later don't know them
#include <cstdio>

texture<float, cudaTextureType1D> plain;
texture<uchar4, 2, cudaReadModeNormalizedFloat> colours;
static texture<float, 2> image;
surface<void, 2> target;
struct texture_of_mine {
    int texture;  // the word means nothing by itself
};

__global__ void use(float *out, int n)
{
    int i = threadIdx.x;
    if (i < n) out[i] = tex1Dfetch(plain, i) + tex2D(colours, i % 4 + 0.5f, 0.5f).w + tex2D(image, 0.5f + i % 4, 1.5f);
    surf2Dwrite(static_cast<float>(i), target, (i % 4) * static_cast<int>(sizeof(float)), i / 4);
}

int main()
{
    const int n = 8;
    float host[n], *linear, *out;
    uchar4 pixels[4] = {{0, 0, 0, 255}, {0, 0, 0, 51}, {0, 0, 0, 0}, {0, 0, 0, 102}};
    for (int i = 0; i < n; ++i) host[i] = 10.0f * i;
    cudaMalloc(&linear, sizeof host);
    cudaMemcpy(linear, host, sizeof host, cudaMemcpyHostToDevice);
    cudaMallocManaged(&out, sizeof host);
    size_t offset = 1;
    cudaBindTexture(&offset, plain, linear, sizeof host);

    cudaArray *array, *flat, *written;
    cudaMallocArray(&array, &colours.channelDesc, 4, 1);
    cudaMemcpyToArray(array, 0, 0, pixels, sizeof pixels, cudaMemcpyHostToDevice);
    cudaBindTextureToArray(colours, array);
    const cudaChannelFormatDesc format = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindFloat);
    cudaMallocArray(&flat, &format, 4, 2);
    cudaMemcpyToArray(flat, 0, 0, host, sizeof host, cudaMemcpyHostToDevice);
    image.filterMode = cudaFilterModeLinear;
    image.addressMode[0] = cudaAddressModeClamp;
    cudaBindTextureToArray(image, flat, format);
    cudaMallocArray(&written, &format, 4, 2, cudaArraySurfaceLoadStore);
    cudaBindSurfaceToArray(target, written);

    use<<<1, n>>>(out, n);
    cudaDeviceSynchronize();
    float back[n];
    cudaMemcpy2DFromArray(back, 4 * sizeof(float), written, 0, 0, 4 * sizeof(float), 2, cudaMemcpyDeviceToHost);
    const float alpha[4] = {1, 0.2f, 0, 0.4f};
    int bad = offset != 0 || texture_of_mine{3}.texture != 3;
    for (int i = 0; i < n; ++i) {
        const float difference = out[i] - (host[i] + alpha[i % 4] + host[4 + i % 4]);
        bad += difference > 1e-4f || difference < -1e-4f || back[i] != static_cast<float>(i);
    }
    cudaUnbindTexture(plain);
    std::printf(bad ? "%d wrong\n" : "ok texture references\n", bad);
    return bad != 0;
}
