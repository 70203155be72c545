// Barriers of a block, fences and clocks.
#pragma once

#include <time.h>

#include <cstdint>
#include <type_traits>
#include <utility>

#include "hpcraft_cuda/state.h"

inline void __syncthreads(HPCRAFT_CUDA_HERE) { hpcraft_cuda::barrier(hpcraft_cuda::Op::syncthreads, 0, HPCRAFT_CUDA_THERE); }
inline int __syncthreads_count(int predicate, HPCRAFT_CUDA_HERE) {
    return hpcraft_cuda::barrier(hpcraft_cuda::Op::syncthreads_count, predicate, HPCRAFT_CUDA_THERE);
}
inline int __syncthreads_and(int predicate, HPCRAFT_CUDA_HERE) {
    return hpcraft_cuda::barrier(hpcraft_cuda::Op::syncthreads_and, predicate, HPCRAFT_CUDA_THERE);
}
inline int __syncthreads_or(int predicate, HPCRAFT_CUDA_HERE) {
    return hpcraft_cuda::barrier(hpcraft_cuda::Op::syncthreads_or, predicate, HPCRAFT_CUDA_THERE);
}

inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_block() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_system() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

[[noreturn]] inline void __trap(HPCRAFT_CUDA_HERE) { hpcraft_cuda::fault(hpcraft_cuda::Kind::trap, HPCRAFT_CUDA_THERE, "__trap was called"); }
inline void __brkpt() {}
inline void __prof_trigger(int) {}

// Waiting gives others their turn.
inline void __nanosleep(unsigned, HPCRAFT_CUDA_HERE) {
    for (int i = 0; i < 64; ++i) hpcraft_cuda::spin(HPCRAFT_CUDA_THERE);
}
inline long long clock64(HPCRAFT_CUDA_HERE) {
    hpcraft_cuda::spin(HPCRAFT_CUDA_THERE);
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

namespace hpcraft_cuda {
// What `clock()` of device code is called: the C library's counts something else.
inline clock_t device_clock(HPCRAFT_CUDA_HERE) { return static_cast<clock_t>(clock64(hpcraft_file, hpcraft_line) & 0x7fffffff); }

// What a lane has read before the others write. Objects that can't be copied out of volatile memory stay where they are.
template <class T>
inline decltype(auto) lockstep_value(T &&read) {
    using Plain = std::remove_cv_t<std::remove_reference_t<T>>;
    if constexpr (std::is_constructible_v<Plain, T>) return Plain(std::forward<T>(read));
    else return static_cast<T &&>(read);
}
// Where old code counts on the lanes of a warp to write to shared memory in one step. The checks see it as it is, without this.
inline void lockstep(const volatile void *at, HPCRAFT_CUDA_HERE) {
#if defined(__SANITIZE_THREAD__)
    (void)at, (void)hpcraft_file, (void)hpcraft_line;
#else
    if (on_device() && is_shared(at)) active_mask(HPCRAFT_CUDA_THERE);
#endif
}
}  // namespace hpcraft_cuda
