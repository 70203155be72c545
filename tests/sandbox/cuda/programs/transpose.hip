// HIP: tiled transpose with constant memory, symbols, device properties and managed memory.
#include "hip/hip_runtime.h"

#include <stdio.h>

#define DIM 16

__constant__ int bias[2];
__device__ int blocks_done = 0;

__global__ void transpose(const int *in, int *out, int width, int height)
{
    __shared__ int tile[DIM][DIM + 1];
    int x = blockIdx.x * DIM + threadIdx.x, y = blockIdx.y * DIM + threadIdx.y;
    if (x < width && y < height) tile[threadIdx.y][threadIdx.x] = in[y * width + x];
    __syncthreads();
    x = blockIdx.y * DIM + threadIdx.x;
    y = blockIdx.x * DIM + threadIdx.y;
    if (x < height && y < width) out[y * height + x] = tile[threadIdx.x][threadIdx.y] + bias[y & 1];
    if (threadIdx.x == 0 && threadIdx.y == 0) atomicAdd(&blocks_done, 1);
}

int main()
{
    const int width = 40, height = 25;
    int *in, *out, h_bias[2] = {10, 20}, done = 0, devices = 0;
    hipDeviceProp_t props;
    if (hipGetDeviceCount(&devices) != hipSuccess || devices == 0) return 1;
    hipGetDeviceProperties(&props, 0);
    if (props.maxThreadsPerBlock < DIM * DIM) return 2;
    hipMallocManaged(&in, width * height * sizeof(int));
    hipMallocManaged(&out, width * height * sizeof(int));
    for (int i = 0; i < width * height; i++) in[i] = i;
    hipMemcpyToSymbol(HIP_SYMBOL(bias), h_bias, sizeof(h_bias), 0, hipMemcpyHostToDevice);
    transpose<<<dim3((width + DIM - 1) / DIM, (height + DIM - 1) / DIM), dim3(DIM, DIM)>>>(in, out, width, height);
    if (hipDeviceSynchronize() != hipSuccess) return 3;
    hipMemcpyFromSymbol(&done, HIP_SYMBOL(blocks_done), sizeof(done), 0, hipMemcpyDeviceToHost);
    int errors = done != 6;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) errors += out[x * height + y] != in[y * width + x] + h_bias[x & 1];
    hipFree(in);
    hipFree(out);
    printf("%s hip transpose %d blocks\n", errors ? "FAILED" : "ok", done);
    return errors != 0;
}
