// Textures and surfaces.
#pragma once

#include "cuda_runtime.h"
