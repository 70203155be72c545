// bfloat16 and pairs of it: types, conversions, arithmetic, comparisons, functions, operators. Results are rounded once, to the nearest unless
// a name says otherwise; a NaN that arithmetic gives is 0x7fff.
#pragma once

#include "cuda_fp16.h"
#include "cuda_runtime.h"
#include "hpcraft_cuda/small_floats.h"

#define HPCRAFT_T __nv_bfloat16
#define HPCRAFT_P __nv_bfloat162
#define HPCRAFT_NAME bfloat16
#define HPCRAFT_FORMAT ::hpcraft_cuda::Bfloat16Format
#define HPCRAFT_OTHER __half
#include "hpcraft_cuda/small_float_type.h"
#include "hpcraft_cuda/small_float_functions.h"
#undef HPCRAFT_OTHER
#undef HPCRAFT_FORMAT
#undef HPCRAFT_NAME
#undef HPCRAFT_P
#undef HPCRAFT_T

inline __half::__half(__nv_bfloat16 value) : __half(static_cast<float>(value)) {}
inline __nv_bfloat16::__nv_bfloat16(__half value) : __nv_bfloat16(static_cast<float>(value)) {}

typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;
