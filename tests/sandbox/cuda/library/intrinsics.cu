// Intrinsics and functions with answers that are known exactly; one line each, in the order of the test.
#include <cmath>
#include <cstdio>

__device__ unsigned bits(float x) { return __float_as_uint(x); }

__global__ void answers()
{
    printf("%08x %08x %08x %08x\n", bits(__fadd_rn(1.0f, 0x1p-30f)), bits(__fadd_ru(1.0f, 0x1p-30f)), bits(__fadd_rd(1.0f, -0x1p-30f)), bits(__fadd_rz(-1.0f, 0x1p-30f)));
    printf("%08x %08x %08x %08x\n", bits(__fdiv_rn(1.0f, 3.0f)), bits(__fdiv_rd(1.0f, 3.0f)), bits(__frcp_ru(3.0f)), bits(__fsqrt_ru(2.0f)));
    printf("%08x %08x %08x\n", bits(__fmaf_rd(0x1.000002p0f, 0x1.000002p0f, 0)), bits(__fmaf_ru(0x1.000002p0f, 0x1.000002p0f, 0)), bits(__fmul_rz(3e38f, 10.0f)));
    printf("%a %a %a %a\n", __dadd_ru(1.0, 0x1p-60), __dmul_rd(0.1, 10.0), __ddiv_ru(1.0, 3.0), __fma_rz(1.0 / 3, 3.0, 0.0));
    printf("%d %d %d %d %d\n", __float2int_rn(2.5f), __float2int_rd(-2.5f), __float2int_ru(2.5f), __float2int_rz(-2.9f), __float2int_rn(3e9f));
    printf("%d %u %lld %d %u\n", __float2int_rz(NAN), __float2uint_rz(-1.0f), __float2ll_rn(NAN), __double2int_rz(NAN), __double2uint_ru(4294967294.5));
    printf("%08x %08x %08x\n", bits(__int2float_rz(16777217)), bits(__int2float_ru(16777217)), bits(__double2float_rd(0.1)));
    printf("%x %x %x %x\n", __double2hiint(-2.0), __double2loint(1.5), bits(__int_as_float(0x3f800000)), __hiloint2double(0x40000000, 0) == 2.0);
    printf("%d %d %d %d %d\n", __popc(0xf0f0u), __clz(1), __clz(0), __ffs(0), __ffsll(1ll << 40));
    printf("%x %llx %d %x\n", __brev(1), __brevll(6), __mulhi(-2, 3), __umulhi(0x80000000u, 4));
    printf("%llx %d %u %d\n", __umul64hi(~0ull, ~0ull), __mul24(0x800001, 2), __umul24(0x1000003, 5), __sad(-5, 7, 1));
    printf("%d %d %u %x\n", __hadd(-3, 4), __rhadd(-3, 4), __urhadd(~0u, ~0u), __byte_perm(0x33221100, 0xff665544, 0xf621));
    printf("%x %x %x %x\n", __funnelshift_l(0x80000000u, 1, 1), __funnelshift_r(1, 2, 33), __funnelshift_lc(5, 6, 40), __funnelshift_rc(5, 6, 40));
    printf("%d %u %d %x\n", __dp4a(0x01ff0203, 0x7f800102, 10), __dp4a(0xff010101u, 0x02030405u, 1u), __dp2a_hi(0x0002fffe, 0x03040506, 1), __fns(0xf0, 0, 2));
    printf("%x %x %x %x\n", __vadd4(0xff01ff01, 0x01010101), __vaddus4(0xff01ff01, 0x01010101), __vaddss2(0x7fff8000, 0x0001ffff), __vcmpgtu4(0x05000500, 0x04040404));
    printf("%x %u %x %x\n", __vabsdiffu4(0x01ff0305, 0x02010507), __vsadu4(0x01ff0305, 0x02010507), __vavgu2(0x00010003, 0x00020004), __vmins2(0x80007fff, 0x00010002));
    printf("%d %d %u\n", min(3, 4u) == 3u, max(-1, 2), max(-1, 2u));
    printf("%g %g %g %g\n", sinpi(2.0), cospi(0.5), rsqrtf(16.0f), rcbrt(27.0));
    printf("%.12f %.12f %.12f %.12f\n", erfinv(0.5), erfcinv(1.5), normcdfinv(0.975), normcdf(-1.0));
    printf("%.12f %.12f %.12f %.12f\n", erfcx(10.0), cyl_bessel_i0(1.0), cyl_bessel_i1(2.0), j0(1.0));
    printf("%g %g %g %g\n", norm3d(3.0, 4.0, 12.0), rhypot(3.0, 4.0), exp10(3.0), __saturatef(NAN));
    printf("%g %g %d %g\n", __fdividef(1.0f, 0x1p127f), __fdividef(6.0f, 3.0f), __powf(-2.0f, 2.0f) != __powf(-2.0f, 2.0f), pow(2.0f, 3));
    printf("%d %d %d %d\n", (int)sizeof(sqrt(2.0f)), (int)sizeof(abs(1.0f)), (int)sizeof(std::pow(2.0f, 2.0f)), (int)sizeof(max(1.0f, 1.0)));
}

int main()
{
    answers<<<1, 1>>>();
    return cudaDeviceSynchronize();
}
