#include <cstdio>

#include "device.cuh"

__global__ void k(float *out)
{
    BUFFER(buffer, 32);
    Room<float> room;
    const unsigned t = threadIdx.x, back = 31 - t;
    room.get()[t] = static_cast<float>(t);
    buffer[t] = 0.5f;
    const clock_t before = clock();
    __syncthreads();
    out[t] = scaled(room.get()[back]) + buffer[back] + static_cast<float>(newest(100)) + static_cast<float>(clock() < before);
}

int main()
{
    float *out, changed[4] = {0, 10, 0, 0};
    cudaMallocManaged(&out, 32 * sizeof *out);
    cudaMemcpyToSymbol(table, changed, sizeof changed);
    nvtxRangePushA("kernel");
    cudaProfilerStart();
    k << <1, 32, 32 * sizeof(float) >> > (out);
    cudaProfilerStop();
    nvtxRangePop();
    cudaDeviceSynchronize();
    int bad = other_source() != 14;
    for (int t = 0; t < 32; ++t) bad += out[t] != 10.0f * static_cast<float>(31 - t) + 100.5f;
    const cuDoubleComplex z = cuCdiv(make_cuDoubleComplex(4, 2), make_cuDoubleComplex(1, -1));
    bad += cuCreal(z) != 1 || cuCimag(z) != 3 || cuCabsf(make_cuFloatComplex(3, 4)) != 5;
    std::printf(bad ? "%d wrong\n" : "ok several sources\n", bad);
    return bad != 0;
}
