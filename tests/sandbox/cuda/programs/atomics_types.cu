// All atomic functions on the types that they have, in global and in shared memory.
#include <climits>
#include <cstdio>

struct Results {
    int add, sub, min, max, exch, inc, dec, and_, or_, xor_;
    unsigned uadd, umin, umax;
    unsigned long long ladd, lmax, land, lor;
    long long smin;
    float fadd;
    double dadd;
    unsigned winners;
};

__global__ void global_atomics(Results *r)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    atomicAdd(&r->add, i);
    atomicSub(&r->sub, i);
    atomicMin(&r->min, 100 - i);
    atomicMax(&r->max, i - 100);
    atomicInc((unsigned *)&r->inc, 9);
    atomicDec((unsigned *)&r->dec, 9);
    atomicAnd(&r->and_, ~(1 << i % 20));
    atomicOr(&r->or_, 1 << i % 30);
    atomicXor(&r->xor_, i);
    atomicAdd(&r->uadd, 2u);
    atomicMin(&r->umin, 4000000000u - i);
    atomicMax(&r->umax, 3000000000u + i);
    atomicAdd(&r->ladd, 1ull << 33);
    atomicMax(&r->lmax, (unsigned long long)i << 40);
    atomicAnd(&r->land, ~(1ull << (i % 50)));
    atomicOr(&r->lor, 1ull << (i % 60));
    atomicMin(&r->smin, (long long)-i);
    atomicAdd(&r->fadd, 0.5f);
    atomicAdd(&r->dadd, 0.25);
    if (atomicExch(&r->exch, 1) == 0) atomicAdd(&r->winners, 1u);
    if (atomicCAS(&r->exch, 7, 8) == 7) atomicAdd(&r->winners, 1000u);
}

__global__ void shared_atomics(int *out)
{
    __shared__ int sum, least;
    __shared__ unsigned long long wide;
    __shared__ float f;
    if (threadIdx.x == 0) sum = 0, least = INT_MAX, wide = 0, f = 0;
    __syncthreads();
    atomicAdd(&sum, threadIdx.x);
    atomicMin(&least, 1000 - (int)threadIdx.x);
    atomicAdd(&wide, (unsigned long long)threadIdx.x);
    atomicAdd(&f, 1.0f);
    __syncthreads();
    if (threadIdx.x == 0) out[blockIdx.x] = sum + least + (int)wide + (int)f;
}

int main()
{
    const int n = 256;
    Results h = {}, *d;
    h.min = INT_MAX, h.max = INT_MIN, h.and_ = -1, h.umin = UINT_MAX, h.land = ~0ull, h.smin = 5;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, &h, sizeof h, cudaMemcpyHostToDevice);
    global_atomics<<<4, 64>>>(d);
    cudaMemcpy(&h, d, sizeof h, cudaMemcpyDeviceToHost);
    const int sum = n * (n - 1) / 2;
    bool good = h.add == sum && h.sub == -sum && h.min == -155 && h.max == 155 && h.inc == 6 && h.dec == 4;
    good = good && h.and_ == ~0xfffff && h.or_ == 0x3fffffff && h.xor_ == 0;
    good = good && h.uadd == 512 && h.umin == 3999999745u && h.umax == 3000000255u && h.ladd == 256ull << 33 && h.lmax == 255ull << 40;
    good = good && h.land == ~((1ull << 50) - 1) && h.lor == (1ull << 60) - 1 && h.smin == -255;
    good = good && h.fadd == 128.0f && h.dadd == 64.0 && h.winners == 1 && h.exch == 1;
    int out[2], *dout;
    cudaMalloc(&dout, sizeof out);
    shared_atomics<<<2, 128>>>(dout);
    cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
    good = good && out[0] == 2 * 8128 + 873 + 128 && out[1] == out[0];
    cudaFree(d);
    cudaFree(dout);
    printf("%s atomics_types %d %d %d\n", good ? "ok" : "FAILED", h.inc, h.dec, out[0]);
    return !good;
}
