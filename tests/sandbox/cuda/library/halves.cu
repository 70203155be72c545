// Both types of 16 bits against arithmetic on whole numbers: every value, every midpoint between two, and many sums, products and
// fused ones. Prints the number of differences.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

template <class T> T of(unsigned bits) { unsigned short b = bits; T t; memcpy(&t, &b, 2); return t; }
template <class T> unsigned bits(T t) { unsigned short b; memcpy(&b, &t, 2); return b; }

// The value by its definition.
double value(unsigned b, int mantissa, int bias)
{
    int exponent = (b & 0x7fff) >> mantissa, digits = b & ((1 << mantissa) - 1);
    double size = exponent ? ldexp(digits + (1 << mantissa), exponent - bias - mantissa) : ldexp(digits, 1 - bias - mantissa);
    return b & 0x8000 ? -size : size;
}

// x times 2^-48 as a half, by its digits.
unsigned nearest_half(__int128 x)
{
    unsigned sign = x < 0 ? 0x8000 : 0;
    unsigned __int128 size = x < 0 ? -x : x;
    int top = 0;
    while (top < 127 && size >> top >> 1) top++;
    int shift = (top < 34 ? 34 : top) - 10;  // the last place of the result
    unsigned __int128 kept = size >> shift, rest = size - (kept << shift), half = (unsigned __int128)1 << (shift - 1);
    if (rest > half || (rest == half && kept & 1)) kept++;
    unsigned long long result = (unsigned long long)kept + ((unsigned long long)(shift - 24) << 10);
    return sign | (result > 0x7c00 ? 0x7c00 : (unsigned)result);
}
__int128 whole(unsigned b) { return (__int128)llrint(ldexp(value(b, 10, 15), 24)); }

template <class T> int conversions(int mantissa, int bias, unsigned infinity, T (*rn)(float), T (*rz)(float), T (*rd)(float), T (*ru)(float), T (*wide)(double))
{
    int bad = 0;
    for (unsigned b = 0; b < 0x10000; b++) {
        if ((b & 0x7fff) > infinity) { bad += !isnan((float)of<T>(b)); continue; }
        if ((b & 0x7fff) == infinity) { bad += !isinf((float)of<T>(b)); continue; }
        double x = value(b, mantissa, bias), y = (b & 0x7fff) + 1 == infinity ? 2 * x - value(b - 1, mantissa, bias) : value(b + 1, mantissa, bias);
        double middle = x + (y - x) / 2;
        unsigned even = b & 1 ? b + 1 : b;
        bool negative = b & 0x8000;
        bad += (double)(float)of<T>(b) != x || bits(rn((float)x)) != b || bits(wide(x)) != b || bits(ru((float)x)) != b;
        bad += bits(wide(middle)) != even || bits(wide(nextafter(middle, 0))) != b || bits(wide(nextafter(middle, 2 * middle))) != b + 1;
        float m = (float)middle;
        bad += m != middle && mantissa == 10;
        if (m != middle) continue;
        bad += bits(rn(m)) != even || bits(rz(m)) != b || bits(rd(m)) != (negative ? b + 1 : b) || bits(ru(m)) != (negative ? b : b + 1);
        if ((b & 0x7fff) && mantissa == 10) bad += bits(rn(nextafterf(m, 0))) != b || bits(rn(nextafterf(m, 2 * m))) != b + 1;
    }
    return bad;
}

int main()
{
    int bad = conversions<__half>(10, 15, 0x7c00, __float2half_rn, __float2half_rz, __float2half_rd, __float2half_ru, __double2half);
    printf("half %d\n", bad);
    bad = conversions<__nv_bfloat16>(7, 127, 0x7f80, __float2bfloat16_rn, __float2bfloat16_rz, __float2bfloat16_rd, __float2bfloat16_ru, __double2bfloat16);
    printf("bfloat16 %d\n", bad);
    unsigned long long state = 1;
    auto next = [&] { for (;;) { state = state * 6364136223846793005ull + 1442695040888963407ull; unsigned b = state >> 48; if ((b & 0x7c00) != 0x7c00) return b; } };
    bad = 0;
    for (int i = 0; i < 300000; i++) {
        unsigned a = next(), b = next(), c = next();
        __int128 x = whole(a), y = whole(b), z = whole(c), one = (__int128)1 << 24;
        __half p = of<__half>(a), q = of<__half>(b), r = of<__half>(c);
        if (x + y) bad += bits(p + q) != nearest_half((x + y) * one);
        if (x * y) bad += bits(p * q) != nearest_half(x * y);
        if (x * y + z * one) bad += bits(__hfma(p, q, r)) != nearest_half(x * y + z * one);
    }
    printf("arithmetic %d\n", bad);
    // A tie that only the far smaller addend decides.
    printf("%04x %04x\n", bits(__hfma(of<__nv_bfloat16>(0x3f81), of<__nv_bfloat16>(0x3fc0), of<__nv_bfloat16>(0x0080))), bits(__hfma(of<__nv_bfloat16>(0x3f81), of<__nv_bfloat16>(0x3fc0), of<__nv_bfloat16>(0x8080))));
    printf("%04x %04x %04x %d %d\n", bits(__hmax(of<__half>(0x8000), of<__half>(0))), bits(__hmin(of<__half>(0x7e01), __half(1))), bits(__hmin_nan(of<__half>(0x7e01), __half(1))), __half2int_rn(__half(2.5f)), (int)__half(-2.5f));
    half2 v = __floats2half2_rn(1.5f, -2);
    v = __hfma2(v, v, __half2half2(1)) / __float2half2_rn(2);
    printf("%g %g %08x %d %d\n", __low2float(v), __high2float(v), __hgt2_mask(v, __float2half2_rn(2)), v == v, __hisinf(of<__half>(0xfc00)));
}
