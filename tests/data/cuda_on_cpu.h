// Just enough of CUDA to run the grammar's kernels on a CPU: one fiber for each thread of a block, one block after another.
#pragma once
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <functional>
#include <vector>

#define __global__
#define __shared__ static

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
static dim3 threadIdx, blockIdx, blockDim, gridDim;
enum { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };

static ucontext_t scheduler;
static std::vector<ucontext_t> fibers;
static std::vector<char> finished, stacks;
static size_t current;
static std::function<void()> body;

static void fiber() {
    body();
    finished[current] = 1;
    swapcontext(&fibers[current], &scheduler);
}

static void __syncthreads() { swapcontext(&fibers[current], &scheduler); }

static void run_block() {
    const size_t count = blockDim.x * blockDim.y, stack = 1 << 16;
    fibers.resize(count), finished.assign(count, 0), stacks.resize(count * stack);
    for (size_t i = 0; i < count; i++) {
        getcontext(&fibers[i]);
        fibers[i].uc_stack.ss_sp = &stacks[i * stack];
        fibers[i].uc_stack.ss_size = stack;
        makecontext(&fibers[i], fiber, 0);
    }
    for (bool going = true; going;) {
        going = false;
        for (current = 0; current < count; current++) {
            if (finished[current]) continue;
            threadIdx = dim3(current % blockDim.x, current / blockDim.x, 0);
            swapcontext(&scheduler, &fibers[current]);
            going = going || !finished[current];
        }
    }
}

static void launch(dim3 grid, dim3 block, std::function<void()> kernel) {
    gridDim = grid, blockDim = block, body = kernel;
    for (unsigned y = 0; y < grid.y; y++)
        for (unsigned x = 0; x < grid.x; x++) {
            blockIdx = dim3(x, y, 0);
            run_block();
        }
}

static int cudaMalloc(void **to, size_t bytes) { return (*to = calloc(1, bytes + 1)) == NULL; }
static int cudaMemcpy(void *to, const void *from, size_t bytes, int) { return memcpy(to, from, bytes) == NULL; }
static int cudaFree(void *at) { return free(at), 0; }
template <class T> static T atomicAdd(T *at, T value) { T old = *at; return *at += value, old; }
