// Integers with widths.
#pragma once

#include "cuda_runtime.h"
