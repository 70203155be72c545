// What the running device thread sees of itself, and how it waits: the interface between translated sources, the
// headers of the device library and the runtime. Everything here is thread_local to one OS thread, and a device thread never
// moves to another one, so that compilers may keep these addresses.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vector_types.h"

inline thread_local uint3 threadIdx;
inline thread_local uint3 blockIdx;
inline thread_local dim3 blockDim;
inline thread_local dim3 gridDim;
inline constexpr int warpSize = 32;

// Default arguments that name the line of the call.
#define HPCRAFT_CUDA_HERE const char *hpcraft_file = __builtin_FILE(), int hpcraft_line = __builtin_LINE()
#define HPCRAFT_CUDA_THERE \
    ::hpcraft_cuda::Where { hpcraft_file, hpcraft_line }

namespace hpcraft_cuda {

struct Block;

struct Where {
    const char *file;
    int line;
};

// The state of this OS thread; `block` is null in host code.
struct Current {
    Block *block;
    std::uint64_t epoch;        // changes with every block (and when one of several blocks of a cooperative launch goes on)
    char *shared;               // the block's shared memory
    std::size_t shared_bytes;   // its capacity, for telling shared addresses from others
    char *dynamic;              // the part of `extern __shared__`, at its end
    std::size_t dynamic_bytes;
};
inline thread_local Current current;

inline bool on_device() { return current.block != nullptr; }
inline bool is_shared(const volatile void *at) {
    return static_cast<std::size_t>(reinterpret_cast<const volatile char *>(at) - current.shared) < current.shared_bytes;
}
inline unsigned linear_thread() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }
inline unsigned lane() { return linear_thread() & 31u; }
inline unsigned lane_bit() { return 1u << lane(); }

// What a thread waits in. Lanes that meet in one exchange must name the same operation and the same mask.
enum class Op : unsigned char {
    syncthreads,
    syncthreads_count,
    syncthreads_and,
    syncthreads_or,
    syncwarp,
    shuffle,
    vote,
    match,
    reduce,
    active_mask,
    tile,
    grid,
    yield,
};

// The lanes of a warp that have come together; `finish` runs once, when the last one is there.
struct Exchange {
    unsigned mask;      // the lanes that were asked for and are alive
    std::uint64_t *in;  // each lane's value, argument and result, by lane
    const unsigned *argument;
    std::uint64_t *out;
};
using Finish = void (*)(Exchange &);

// Block wide: all live threads of the block come here. `predicate` is combined as the operation says.
int barrier(Op op, int predicate, Where where);
// Warp wide: waits for the live lanes of `mask` (which must hold the caller), returns this lane's result.
std::uint64_t exchange(Op op, unsigned mask, std::uint64_t value, unsigned argument, Finish finish, Where where);
// What a lane gets from one that has ended or isn't in the mask: its own value, or with checks or in another order than the natural
// one something that nobody would take for a result.
std::uint64_t value_of_nobody(std::uint64_t own);
// The lanes of the warp that have not ended.
unsigned live_lanes();
// The lanes that can come to this line together: waits until every other live lane of the warp is here or waits elsewhere.
unsigned active_mask(Where where);
// All live threads of all blocks of a cooperative launch.
void grid_barrier(Where where);
bool is_cooperative();
// Something to be called in loops that wait for other threads: lets the others of the block run now and then.
void spin(Where where);
inline void pause(HPCRAFT_CUDA_HERE) { spin(HPCRAFT_CUDA_THERE); }

// The storage of a `__shared__` variable in the current block; `slot` is one per variable and OS thread.
struct SharedSlot {
    std::uint64_t epoch;
    void *address;
};
void enter_shared(SharedSlot &slot, std::size_t size, std::size_t align, const char *name, Where where);

enum class Kind : unsigned char {
    out_of_bounds,
    use_after_free,
    uninitialised,
    host_access,
    device_access,
    divergent_barrier,
    deadlock,
    race,
    stack_overflow,
    assertion,
    schedule,
    misaligned,
    bad_free,
    division,
    undefined,
    trap,
    copy,
    launch,
};

// Report a fault of the running thread and end the process with the fault's exit code.
[[noreturn]] void fault(Kind kind, Where where, const char *format, ...) __attribute__((format(printf, 3, 4)));

}  // namespace hpcraft_cuda
