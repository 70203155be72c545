// cudaMalloc3D and cudaMemcpy3D with extents, positions and pitched pointers.
#include <cstdio>

__global__ void scale(cudaPitchedPtr p, int w, int h, int d)
{
    char *base = (char *)p.ptr;
    size_t slice = p.pitch * h;
    for (int z = 0; z < d; z++) {
        int *row = (int *)(base + z * slice + threadIdx.y * p.pitch);
        if (threadIdx.x < w && threadIdx.y < h) row[threadIdx.x] *= 2;
    }
}

int main()
{
    const int w = 13, h = 7, d = 5;
    int host[d * h * w], back[d * h * w];
    for (int i = 0; i < w * h * d; i++) host[i] = i;
    cudaExtent extent = make_cudaExtent(w * sizeof(int), h, d);
    cudaPitchedPtr p;
    if (cudaMalloc3D(&p, extent) != cudaSuccess) return 1;
    cudaMemcpy3DParms to = {0};
    to.srcPtr = make_cudaPitchedPtr(host, w * sizeof(int), w, h);
    to.dstPtr = p;
    to.extent = extent;
    to.kind = cudaMemcpyHostToDevice;
    if (cudaMemcpy3D(&to) != cudaSuccess) return 2;
    scale<<<1, dim3(16, 8)>>>(p, w, h, d);
    cudaMemcpy3DParms from = {0};
    from.srcPtr = p;
    from.dstPtr = make_cudaPitchedPtr(back, w * sizeof(int), w, h);
    from.extent = extent;
    from.kind = cudaMemcpyDeviceToHost;
    if (cudaMemcpy3D(&from) != cudaSuccess) return 3;
    long sum = 0;
    for (int i = 0; i < w * h * d; i++) {
        if (back[i] != 2 * i) return 4;
        sum += back[i];
    }
    cudaMemset3D(p, 0, extent);
    cudaFree(p.ptr);
    printf("ok pitched_3d %ld\n", sum);
    return 0;
}
