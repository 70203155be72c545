// Cooperative groups: the grid, blocks, tiles of up to 32 threads, and the lanes that run together.
#pragma once

#include "cuda_runtime.h"
#include "hpcraft_cuda/group_tiles.h"
#include "hpcraft_cuda/group_types.h"
