// What two sources include: each has a table and functions of the device of its own, as nvcc compiles them.
#pragma once

#include <cuComplex.h>
#include <cuda_profiler_api.h>
#include <nvtx3/nvToolsExt.h>

#define SHARED_ROOM(type, name)             \
    template <>                             \
    struct Room<type> {                     \
        __device__ type *get()              \
        {                                   \
            extern __shared__ type name[];  \
            return name;                    \
        }                                   \
    }
#define BUFFER(name, count) __shared__ float name[count]

__constant__ float table[4] = {1, 2, 3, 4};
static __device__ float scaled(float x) { return x * table[1]; }
template <class T>
struct Room;
SHARED_ROOM(int, room_int);
SHARED_ROOM(float, room_float);

#if __CUDA_ARCH__ < 600
static __device__ double newest(double) { return -1; }
#else
static __device__ double newest(double x) { return x; }
#endif

#ifdef NEVER
#include <cublas_v2.h>
#endif

float other_source();
