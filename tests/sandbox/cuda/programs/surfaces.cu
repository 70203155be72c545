// Surface objects: bytes along x, the three ways beyond the edge, and copies between arrays.
#include <cstdio>

__global__ void shift(cudaSurfaceObject_t from, cudaSurfaceObject_t to)
{
    int x = threadIdx.x, y = threadIdx.y;
    int left = surf2Dread<int>(from, (x - 1) * 4, y, cudaBoundaryModeZero), last;
    surf2Dread(&last, from, (x + 9) * 4, y, cudaBoundaryModeClamp);
    surf2Dwrite(100 * left + last, to, x * 4, y);
    surf2Dwrite(-1, to, (x + 8) * 4, y, cudaBoundaryModeZero);
}

int main()
{
    int host[4][8], back[4][8], bad = 0;
    for (int i = 0; i < 32; ++i) host[i / 8][i % 8] = i;
    cudaChannelFormatDesc format = cudaCreateChannelDesc<int>(), told;
    cudaExtent extent;
    unsigned flags;
    cudaArray_t a, b, c;
    cudaMallocArray(&a, &format, 8, 4, cudaArraySurfaceLoadStore);
    cudaMallocArray(&b, &format, 8, 4, cudaArraySurfaceLoadStore);
    cudaMallocArray(&c, &format, 8, 4);
    cudaArrayGetInfo(&told, &extent, &flags, b);
    bad += told.x != 32 || told.f != cudaChannelFormatKindSigned || extent.width != 8 || extent.height != 4 || flags != cudaArraySurfaceLoadStore;
    cudaMemcpy2DToArray(a, 0, 0, host, 32, 32, 4, cudaMemcpyHostToDevice);
    cudaResourceDesc r = {};
    r.resType = cudaResourceTypeArray;
    r.res.array.array = a;
    cudaSurfaceObject_t from, to;
    cudaCreateSurfaceObject(&from, &r);
    r.res.array.array = b;
    cudaCreateSurfaceObject(&to, &r);
    shift<<<1, dim3(8, 4)>>>(from, to);
    cudaMemcpy2DArrayToArray(c, 0, 0, b, 0, 0, 32, 4);
    cudaMemcpy2DFromArray(back, 32, c, 0, 0, 32, 4, cudaMemcpyDeviceToHost);
    for (int i = 0; i < 32; ++i) bad += back[i / 8][i % 8] != (i % 8 ? 100 * (i - 1) : 0) + i / 8 * 8 + 7;
    bad += cudaMemcpy2DToArray(a, 4, 0, host, 32, 32, 4, cudaMemcpyHostToDevice) != cudaErrorInvalidValue;
    cudaDestroySurfaceObject(from);
    cudaDestroySurfaceObject(to);
    cudaFreeArray(a);
    std::printf(bad ? "%d wrong\n" : "ok surfaces\n", bad);
    return bad != 0;
}
