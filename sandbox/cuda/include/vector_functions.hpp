// make_int2, make_float4 and the others.
#pragma once

#include "cuda_runtime.h"
