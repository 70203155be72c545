// A type of 16 bits and its pair: read once for halves and once for bfloat16, with HPCRAFT_T (the type), HPCRAFT_P (the
// pair), HPCRAFT_FORMAT and HPCRAFT_OTHER (the type that it is made from by an explicit conversion) defined.

#define HPCRAFT_RAW_(name) name##_raw
#define HPCRAFT_RAW(name) HPCRAFT_RAW_(name)

struct alignas(2) HPCRAFT_RAW(HPCRAFT_T) {
    unsigned short x;
};
struct alignas(4) HPCRAFT_RAW(HPCRAFT_P) {
    unsigned short x, y;
};

struct HPCRAFT_OTHER;

struct alignas(2) HPCRAFT_T {
    unsigned short __x;

    HPCRAFT_T() = default;
    constexpr HPCRAFT_T(const HPCRAFT_RAW(HPCRAFT_T) &raw) : __x(raw.x) {}
    explicit HPCRAFT_T(HPCRAFT_OTHER value);
    HPCRAFT_T(float value) : __x(::hpcraft_cuda::encode_float<HPCRAFT_FORMAT>(value)) {}
    HPCRAFT_T(double value) : __x(::hpcraft_cuda::encode<HPCRAFT_FORMAT>(value)) {}
#define HPCRAFT_CUDA_INTEGER(type)                                                                                   \
    HPCRAFT_T(type value) : __x(::hpcraft_cuda::encode<HPCRAFT_FORMAT>(::hpcraft_cuda::wide(value))) {}    \
    operator type() const { return ::hpcraft_cuda::saturated<type>(::std::trunc(static_cast<float>(*this))); }
    HPCRAFT_CUDA_INTEGER(short)
    HPCRAFT_CUDA_INTEGER(unsigned short)
    HPCRAFT_CUDA_INTEGER(int)
    HPCRAFT_CUDA_INTEGER(unsigned int)
    HPCRAFT_CUDA_INTEGER(long)
    HPCRAFT_CUDA_INTEGER(unsigned long)
    HPCRAFT_CUDA_INTEGER(long long)
    HPCRAFT_CUDA_INTEGER(unsigned long long)
#undef HPCRAFT_CUDA_INTEGER
    operator float() const { return ::hpcraft_cuda::decode<HPCRAFT_FORMAT>(__x); }
    operator char() const { return ::hpcraft_cuda::saturated<char>(::std::trunc(static_cast<float>(*this))); }
    operator signed char() const { return ::hpcraft_cuda::saturated<signed char>(::std::trunc(static_cast<float>(*this))); }
    operator unsigned char() const { return ::hpcraft_cuda::saturated<unsigned char>(::std::trunc(static_cast<float>(*this))); }
    constexpr operator bool() const { return (__x & 0x7fff) != 0; }
    operator HPCRAFT_RAW(HPCRAFT_T)() const { return {__x}; }
    operator HPCRAFT_RAW(HPCRAFT_T)() const volatile { return {__x}; }

    HPCRAFT_T &operator=(const HPCRAFT_RAW(HPCRAFT_T) &raw) {
        __x = raw.x;
        return *this;
    }
    volatile HPCRAFT_T &operator=(const HPCRAFT_RAW(HPCRAFT_T) &raw) volatile {
        __x = raw.x;
        return *this;
    }
    volatile HPCRAFT_T &operator=(const volatile HPCRAFT_RAW(HPCRAFT_T) &raw) volatile {
        __x = raw.x;
        return *this;
    }
#define HPCRAFT_CUDA_ASSIGN(type) \
    HPCRAFT_T &operator=(type value) { return *this = HPCRAFT_T(value); }
    HPCRAFT_CUDA_ASSIGN(float)
    HPCRAFT_CUDA_ASSIGN(double)
    HPCRAFT_CUDA_ASSIGN(short)
    HPCRAFT_CUDA_ASSIGN(unsigned short)
    HPCRAFT_CUDA_ASSIGN(int)
    HPCRAFT_CUDA_ASSIGN(unsigned int)
    HPCRAFT_CUDA_ASSIGN(long long)
    HPCRAFT_CUDA_ASSIGN(unsigned long long)
#undef HPCRAFT_CUDA_ASSIGN
};

struct alignas(4) HPCRAFT_P {
    HPCRAFT_T x, y;

    HPCRAFT_P() = default;
    constexpr HPCRAFT_P(const HPCRAFT_T &a, const HPCRAFT_T &b) : x(a), y(b) {}
    HPCRAFT_P(const HPCRAFT_RAW(HPCRAFT_P) &raw) : x(), y() { x.__x = raw.x, y.__x = raw.y; }
    HPCRAFT_P &operator=(const HPCRAFT_RAW(HPCRAFT_P) &raw) {
        x.__x = raw.x, y.__x = raw.y;
        return *this;
    }
    operator HPCRAFT_RAW(HPCRAFT_P)() const { return {x.__x, y.__x}; }
};

#undef HPCRAFT_RAW
#undef HPCRAFT_RAW_
