// With the policies: programs count on it that CUDA's own backend brings them along.
#pragma once

#include_next <thrust/binary_search.h>
#include <thrust/execution_policy.h>
