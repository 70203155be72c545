// What every CUDA program has without an include of its own: mathematics and the intrinsics that need no other thread.
#pragma once

#include "hpcraft_cuda/assembly.h"
#include "hpcraft_cuda/intrinsics_integer.h"
#include "hpcraft_cuda/intrinsics_memory.h"
#include "hpcraft_cuda/intrinsics_simd.h"
#include "hpcraft_cuda/math_conversions.h"
#include "hpcraft_cuda/math_library.h"
#include "hpcraft_cuda/math_rounding.h"
#include "hpcraft_cuda/shifts.h"
