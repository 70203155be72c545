// 16-bit floats.
#pragma once

#include "cuda_bf16.h"
