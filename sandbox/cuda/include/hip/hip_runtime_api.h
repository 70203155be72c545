// The part of HIP that host code uses.
#pragma once

#include "hip/hip_runtime.h"
