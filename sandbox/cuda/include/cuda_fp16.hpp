// 16-bit floats.
#pragma once

#include "cuda_fp16.h"
