// Shifts by as many bits as there are: a device leaves nothing, or the sign.
#include <cstdio>

template <int N>
struct Bits {
    enum { count = 1 << N };
};
template <class T>
struct Pair {
    T a, b;
};

__host__ __device__ inline unsigned rotated(unsigned x, int by) { return x << by | x >> (32 - by); }

__global__ void k(unsigned *out, int *sign, unsigned long long *wide)
{
    __shared__ int room[1 << Bits<3>::count / 2];
    const int t = threadIdx.x;
    Pair<Pair<int>> nested = {{t, 1}, {2, 3}};
    unsigned x = 0xf000000fu;
    room[t % 16] = 0;
    x <<= t;
    out[t] = x + (1u << t) - 1 + (0xffffffffu >> 32 - t) + rotated(0x80000001u, t & 31);
    sign[t] = -8 >> t + nested.b.a - 2;
    wide[t] = ~0ull << 2 * t >> t;
}

int main()
{
    unsigned *out;
    int *sign, bad = 0;
    unsigned long long *wide;
    cudaMallocManaged(&out, 41 * sizeof *out);
    cudaMallocManaged(&sign, 41 * sizeof *sign);
    cudaMallocManaged(&wide, 41 * sizeof *wide);
    k<<<1, 41>>>(out, sign, wide);
    cudaDeviceSynchronize();
    for (unsigned t = 0; t < 41; ++t) {
        const unsigned x = t < 32 ? 0xf000000fu << t : 0, low = t < 32 ? (1u << t) - 1 : ~0u, r = t & 31;
        // 32 - t is negative beyond 32, and so more bits than there are.
        const unsigned right = t == 0 || t > 32 ? 0 : t == 32 ? ~0u : (1u << t) - 1;
        const unsigned turned = r ? 0x80000001u << r | 0x80000001u >> (32 - r) : 0x80000001u;
        const unsigned long long w = 2 * t < 64 ? ~0ull << 2 * t >> t : 0;
        bad += out[t] != x + low + right + turned || sign[t] != (t < 3 ? -8 >> t : -1) || wide[t] != w;
    }
    std::printf(bad ? "%d wrong\n" : "ok shifts\n", bad);
    return bad != 0;
}
