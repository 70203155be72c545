// For functions that read tables of the library: the checks of a program's accesses leave them out.
#pragma once

#define HPCRAFT_CUDA_UNCHECKED __attribute__((no_sanitize("thread")))
