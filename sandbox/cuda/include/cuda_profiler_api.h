// cudaProfilerStart and cudaProfilerStop.
#pragma once

#include "cuda_runtime.h"
