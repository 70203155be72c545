// The PTX that programs write most: registers of the thread, fields of bits, logic, products, loads and stores.
#include <cstdio>

#define LANE(to) asm volatile("mov.u32 %0, %%laneid;" : "=r"(to))

__device__ __forceinline__ unsigned field(unsigned x, unsigned at, unsigned bits)
{
    unsigned r;
    asm("bfe.u32 %0, %1, %2, %3;" : "=r"(r) : "r"(x), "r"(at), "r"(bits));
    return r;
}
__device__ unsigned lanes_below()
{
    unsigned mask;
    asm("mov.u32 %0, %%lanemask_lt;" : "=r"(mask));
    return mask;
}

__global__ void k(unsigned *out, unsigned long long *wide, float *f)
{
    unsigned lane, x, y;
    int i, high;
    LANE(lane);
    const unsigned t = threadIdx.x;
    asm("lop3.b32 %0, %1, %2, %3, 0x96;" : "=r"(x) : "r"(t), "r"(0xf0u), "r"(0xffu));
    asm("bfe.s32 %0, %1, 4, 4;\n\t"
        "add.s32 %0, %0, 3;"
        : "=r"(i)
        : "r"(0xe0));
    asm("bfi.b32 %0, %1, %2, 8, 4;" : "=r"(y) : "r"(5u), "r"(0xfffffu));
    asm("mul.hi.s32 %0, %1, %2;" : "=r"(high) : "r"(-2), "r"(0x40000000));
    int top;
    asm("bfind.u32 %0, %1;" : "=r"(top) : "r"(t));
    out[t] = lane + lanes_below() + field(0xabcd, 4, 8) + x + static_cast<unsigned>(i) + y + static_cast<unsigned>(high) + static_cast<unsigned>(top);
    unsigned long long w;
    asm("mad.wide.u32 %0, %1, %2, %3;" : "=l"(w) : "r"(0xffffffffu), "r"(t), "l"(1ull));
    wide[t] = w;
    float a;
    asm("{ fma.rn.f32 %0, %1, %1, %2; }" : "=f"(a) : "f"(static_cast<float>(t)), "f"(0.5f));
    asm volatile("st.global.f32 [%0], %1;" ::"l"(f + t), "f"(a) : "memory");
    asm volatile("membar.gl;" ::: "memory");
}

int main()
{
    unsigned *out;
    unsigned long long *wide;
    float *f;
    cudaMallocManaged(&out, 64 * sizeof *out);
    cudaMallocManaged(&wide, 64 * sizeof *wide);
    cudaMallocManaged(&f, 64 * sizeof *f);
    k<<<1, 64>>>(out, wide, f);
    cudaDeviceSynchronize();
    int bad = 0;
    for (unsigned t = 0; t < 64; ++t) {
        unsigned top = ~0u;
        for (unsigned bit = 0; bit < 32; ++bit) top = t >> bit & 1 ? bit : top;
        const unsigned wanted = t % 32 + ((1u << t % 32) - 1) + 0xbc + (t ^ 0xf0 ^ 0xff) + 1 + 0xff5ff + ~0u + top;
        bad += out[t] != wanted || wide[t] != 0xffffffffull * t + 1 || f[t] != static_cast<float>(t * t) + 0.5f;
    }
    std::printf(bad ? "%d wrong\n" : "ok inline ptx\n", bad);
    return bad != 0;
}
