// Integer intrinsics: bit counts and reversal, byte permutation, funnel shifts, high products, packed bytes.
#include <cstdio>

__global__ void run(unsigned long long *out, unsigned x, unsigned long long w)
{
    int k = 0;
    out[k++] = __popc(x);
    out[k++] = __popcll(w);
    out[k++] = __clz(x);
    out[k++] = __clzll(w);
    out[k++] = __clz(0);
    out[k++] = __ffs(x);
    out[k++] = __ffsll(w);
    out[k++] = __ffs(0);
    out[k++] = __brev(x);
    out[k++] = __brevll(w);
    out[k++] = __byte_perm(0x33221100, 0x77665544, 0x7250);
    out[k++] = __umulhi(x, 0x9e3779b9u);
    out[k++] = (unsigned)__mulhi(-7, 1 << 30);
    out[k++] = __umul64hi(w, 0x123456789abcdefull);
    out[k++] = (unsigned)__mul24(-5, 7);
    out[k++] = __umul24(0xffffff, 2);
    out[k++] = __funnelshift_l(0x12345678, 0x9abcdef0, 8);
    out[k++] = __funnelshift_r(0x12345678, 0x9abcdef0, 8);
    out[k++] = __sad(-3, 9, 100u);
    out[k++] = __usad(3, 9, 100u);
    out[k++] = __hadd(7, 10);
    out[k++] = __rhadd(7, 10);
    out[k++] = __vadd4(0x01ff7f80, 0x01010101);
    out[k++] = __vabsdiffu4(0x10203040, 0x40302010);
    out[k++] = __vmaxu4(0x10804020, 0x20406080);
    out[k++] = __dp4a(0x01020304, 0x01010101, 5);
    out[k++] = __vcmpeq4(0x11223344, 0x11003300);
    out[k++] = x >> 31 | (unsigned)((int)x >> 31) << 1;
}

int main()
{
    const unsigned x = 0x80f01230;
    const unsigned long long w = 0x00f0000012340000ull;
    const unsigned long long want[] = {9, 9, 0, 8, 32, 5, 19, 0, 0x0c480f01, 0x00002c4800000f00ull, 0x77225500, 0, (unsigned)-2, 0, (unsigned)-35, 0x1fffffe,
                                       0xbcdef012, 0xf0123456, 112, 106, 8, 9, 0x02008081, 0x30101030, 0x20806080, 15, 0xff00ff00, 0xffffffff};
    const int n = sizeof want / sizeof want[0];
    unsigned long long got[n], *d;
    cudaMalloc(&d, sizeof got);
    run<<<1, 1>>>(d, x, w);
    cudaMemcpy(got, d, sizeof got, cudaMemcpyDeviceToHost);
    cudaFree(d);
    int bad = 0;
    unsigned long long sum = 0;
    for (int i = 0; i < n; i++) {
        unsigned long long v = want[i];
        if (i == 11) v = (unsigned long long)x * 0x9e3779b9u >> 32;
        if (i == 13) v = (unsigned long long)((unsigned __int128)w * 0x123456789abcdefull >> 64);
        if (got[i] != v) printf("%d: %llx, not %llx\n", i, got[i], v), bad++;
        sum += got[i];
    }
    printf("%s integer_intrinsics %llx\n", bad ? "FAILED" : "ok", sum);
    return bad != 0;
}
