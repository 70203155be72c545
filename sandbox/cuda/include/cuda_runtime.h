// CUDA's runtime for sources that run on the processor: types, qualifiers, the API, and what device code calls.
#pragma once

#define __CUDA_RUNTIME_H__  // other headers ask for it

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <new>

#include "cuda_runtime_api.h"
#include "device_launch_parameters.h"
#include "driver_types.h"
#include "hpcraft_cuda/qualifiers.h"
#include "hpcraft_cuda/shared.h"
#include "hpcraft_cuda/kernel.h"
#include "hpcraft_cuda/symbols.h"
#include "hpcraft_cuda/typed_api.h"
#include "hpcraft_cuda/texture_references.h"
#include "vector_functions.h"
#include "vector_types.h"

#include "device_atomic_functions.h"
#include "device_functions.h"
#include "math_functions.h"
