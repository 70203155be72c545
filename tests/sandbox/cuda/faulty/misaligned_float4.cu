// fault: kind=misaligned check=address line=9 kernel=load4
// A vector load from an address that is a multiple of four bytes only.
#include <cstdio>

__global__ void load4(const float *v, float *out, int n)
{
    int i = threadIdx.x;
    if (4 * i + 4 < n) {
        float4 f = *reinterpret_cast<const float4 *>(v + 4 * i + 1);
        out[i] = f.x + f.y + f.z + f.w;
    }
}

int main()
{
    float h[256], *v, *out;
    for (int i = 0; i < 256; i++) h[i] = i;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&out, 64 * sizeof(float));
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    load4<<<1, 64>>>(v, out, 256);
    cudaMemcpy(h, out, 63 * sizeof(float), cudaMemcpyDeviceToHost);
    printf("%f\n", h[0]);
    cudaFree(v), cudaFree(out);
}
