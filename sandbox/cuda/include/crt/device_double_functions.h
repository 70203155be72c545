// Functions of device code on doubles.
#pragma once

#include "cuda_runtime.h"
