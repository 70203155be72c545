// Shuffling a struct of two by its members (argmax over a warp), and predicates for partial masks.
#include <cstdio>

struct Best {
    double value;
    int index;
};

__device__ Best shuffle_down(unsigned mask, Best b, int delta)
{
    Best other;
    other.value = __shfl_down_sync(mask, b.value, delta);
    other.index = __shfl_down_sync(mask, b.index, delta);
    return other;
}

__device__ Best warp_argmax(Best b)
{
#pragma unroll
    for (int delta = warpSize / 2; delta > 0; delta >>= 1) {
        Best other = shuffle_down(0xffffffff, b, delta);
        if (other.value > b.value || (other.value == b.value && other.index < b.index)) b = other;
    }
    return b;
}

__global__ void argmax(const double *v, int n, Best *result)
{
    __shared__ Best best[32];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    Best mine = {-1e300, -1};
    for (int i = threadIdx.x; i < n; i += blockDim.x)
        if (v[i] > mine.value) mine.value = v[i], mine.index = i;
    mine = warp_argmax(mine);
    if (lane == 0) best[warp] = mine;
    __syncthreads();
    if (warp == 0) {
        mine = lane < blockDim.x / 32 ? best[lane] : Best{-1e300, -1};
        mine = warp_argmax(mine);
        if (lane == 0) *result = mine;
    }
}

__global__ void half_warp(int *out)
{
    int lane = threadIdx.x;
    if (lane < 16) {
        int v = lane * lane;
        for (int d = 8; d; d /= 2) v += __shfl_xor_sync(0x0000ffff, v, d, 16);
        out[lane] = v;
    } else {
        out[lane] = __shfl_sync(0xffff0000, lane, 31);
    }
}

int main()
{
    const int n = 1000;
    double v[n];
    int where = 0, out[32], *dout;
    for (int i = 0; i < n; i++) {
        v[i] = (i * 7919 % 1009) * 0.25;
        if (v[i] > v[where]) where = i;
    }
    double *dv;
    Best *db, b;
    cudaMalloc(&dv, sizeof v);
    cudaMalloc(&db, sizeof(Best));
    cudaMalloc(&dout, sizeof out);
    cudaMemcpy(dv, v, sizeof v, cudaMemcpyHostToDevice);
    argmax<<<1, 256>>>(dv, n, db);
    half_warp<<<1, 32>>>(dout);
    cudaMemcpy(&b.value, &db->value, sizeof(double), cudaMemcpyDeviceToHost);
    cudaMemcpy(&b.index, &db->index, sizeof(int), cudaMemcpyDeviceToHost);
    cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
    bool good = b.index == where && b.value == v[where];
    for (int i = 0; i < 32; i++) good = good && out[i] == (i < 16 ? 1240 : 31);
    cudaFree(dv), cudaFree(db), cudaFree(dout);
    printf("%s shuffle_struct %d %.2f\n", good ? "ok" : "FAILED", b.index, b.value);
    return good ? 0 : 1;
}
