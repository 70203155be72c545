// What nvcc asks of its host compiler.
#pragma once

#include "cuda_runtime.h"
