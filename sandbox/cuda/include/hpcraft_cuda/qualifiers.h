// CUDA's qualifiers, as far as C++ can't read them. The translator has already given `__shared__` variables their storage and made
// `__device__`, `__constant__` and `__managed__` variables known; what is left means nothing on a processor that runs both sides. `__noinline__` is the translator's as well: as a macro it would
// break the system's headers.
#pragma once

#define __global__
#define __device__
#define __host__
#define __constant__
#define __managed__
#define __grid_constant__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __maxnreg__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_align__(n) __attribute__((aligned(n)))
#define __device_builtin__
#define __cudart_builtin__
#define CUDART_CB
#define CUDARTAPI
#define CUDARTAPI_CDECL
