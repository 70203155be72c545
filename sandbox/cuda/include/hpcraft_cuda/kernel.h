// A launch: the translator turns `K<T><<<grid, block, bytes, stream>>>(a, 0, b)` into
//     ::hpcraft_cuda::launch({"K<T>", __FILE__, __LINE__}, {grid, block, bytes, stream}, [=](auto &&hpcraft_0, auto &&hpcraft_1) {
//         K<T>(hpcraft_0, 0, hpcraft_1); }, a, b)
// Arguments are evaluated once, on the host; literals stay where they are, because 0 is a pointer only there. The loop over the
// threads of a block is here, so that it and the kernel's body become one function.
#pragma once

#include <type_traits>
#include <utility>

#include "driver_types.h"
#include "hpcraft_cuda/state.h"

namespace hpcraft_cuda {

struct Site {
    const char *kernel;
    const char *file;
    int line;
};

struct Config {
    dim3 grid, block;
    std::size_t dynamic_bytes = 0;
    cudaStream_t stream = nullptr;
    const void *function = nullptr;  // known for launches by address
    bool cooperative = false;
    Config() = default;
    Config(dim3 g, dim3 b, std::size_t bytes = 0, cudaStream_t s = nullptr) : grid(g), block(b), dynamic_bytes(bytes), stream(s) {}
};

// Runs threads of the current block until none is left to be started.
struct Kernel {
    void (*run_threads)(void *context);
    void *context;
    std::size_t bytes = 0;  // of the context: device code may read it
};

cudaError_t launch(const Site &site, const Config &config, Kernel kernel);

// What the loop over threads needs of a block; see runtime/block.cc.
struct Turn {
    unsigned thread;  // linear
    bool any;
};
Turn take_thread();       // the next one to be started
Turn end_thread();        // the running one has ended in a block in which threads wait; then as take_thread
struct Progress {
    unsigned *next;       // of the block: the next thread to be started; only told when a thread waits, or at the end
    const bool *waited;   // whether ends must be told
    unsigned count;
};
Progress progress();

inline void set_thread(unsigned thread) {
    const unsigned x = blockDim.x, y = blockDim.y;
    threadIdx = uint3{thread % x, thread / x % y, thread / x / y};
}

#ifdef HPCRAFT_CUDA_CHOSEN

// Which threads of every launch run, by their numbers in the whole grid: set by a harness that wants to see what is left without the others.
extern "C" unsigned long long hpcraft_cuda_first, hpcraft_cuda_behind;

inline bool is_to_run() {
    const unsigned long long block = blockIdx.x + 1ull * gridDim.x * (blockIdx.y + 1ull * gridDim.y * blockIdx.z);
    const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    const unsigned long long number = block * blockDim.x * blockDim.y * blockDim.z + thread;
    return number >= hpcraft_cuda_first && number < hpcraft_cuda_behind;
}

#else

constexpr bool is_to_run() { return true; }

#endif

#if defined(__SANITIZE_THREAD__)
#define HPCRAFT_CUDA_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HPCRAFT_CUDA_CHECKED 1
#endif
#endif

#ifdef HPCRAFT_CUDA_CHECKED

// Before `return;` in device code: checks tell a thread that left a kernel from one that came to its end.
void leave_now();
constexpr void leave() {
    if (!__builtin_is_constant_evaluated()) leave_now();
}

bool first_turn();  // sets the thread that begins; false when there is none
bool next_turn();   // the same, after the running one has ended

// Whatever is touched here would be told to the checks as the thread's own doing: so the loop is the runtime's.
template <class Body>
inline void run_threads(Body &&body) {
    if (!first_turn()) return;
    do {
        if (is_to_run()) body();
    } while (next_turn());
}

#else

constexpr void leave() {}

// The inner loop has one way in, so that what doesn't change from thread to thread is computed once for a row of them.
template <class Body>
inline void run_threads(Body &&body) {
    Turn turn = take_thread();
    if (!turn.any) return;
    set_thread(turn.thread);
    const Progress at = progress();
    for (unsigned x = threadIdx.x;;) {
        const unsigned width = blockDim.x;
        bool waited;
        do {
            *static_cast<volatile unsigned *>(&threadIdx.x) = x;  // kept in the loop: a fault names its thread
            if (is_to_run()) body();
            waited = *at.waited;
        } while (!__builtin_expect(waited, 0) && ++x != width);
        if (waited) {
            turn = end_thread();
            if (!turn.any) return;
            set_thread(turn.thread);
            x = threadIdx.x;
            continue;
        }
        x = 0;
        if (++threadIdx.y == blockDim.y) {
            threadIdx.y = 0;
            if (++threadIdx.z == blockDim.z) break;
        }
    }
    *at.next = at.count;
}

#endif

template <class Body>
struct Bound {
    Body body;
    static void run(void *context) {
        Bound self = *static_cast<Bound *>(context);  // a local that the compiler sees through
        run_threads(self.body);
    }
};

// Captured one by one: a tuple of them takes the compiler as long as all the rest of a small kernel.
template <class Call, class... Values>
inline void launch(const Site &site, const Config &config, const Call &call, Values... values) {
    auto body = [call, values...]() mutable { call(values...); };
    Bound<decltype(body)> bound{body};
    launch(site, config, Kernel{&Bound<decltype(body)>::run, &bound, sizeof bound});
}

}  // namespace hpcraft_cuda
