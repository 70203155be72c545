// The runtime of emulated CUDA, as its own files see it. What translated programs see is in include/hpcraft_cuda/.
//
// Theory of operation. A launch (launch.cc) hands the blocks of its grid to a pool of OS threads (pool.cc), a worker each; the
// launching thread waits, or works along. A worker runs one block at a time (block.cc), the threads of a block one after
// another on one fiber (fiber.cc): a device thread that never waits costs a turn of a loop. A thread that waits (barrier,
// exchange between lanes, grid) keeps its stack and another fiber goes on with the next thread; whoever completes a barrier
// puts those that waited into the queue of ready threads. When nothing is ready and no thread is left to be
// started, the block asks in order: can lanes that asked for the active mask go on together; does it wait for the grid; else it is a
// deadlock, which is a fault. A block never leaves its worker, so that nothing here needs a lock but the pool, the grid barrier and
// the arena.
//
// Device memory (arena.cc) is a reserved range. Each allocation ends at a page that nobody may touch, freed ones stay without
// access, and outside of kernels and of calls of the API all of it is without access. Signals that follow from that are
// turned into faults (signals.cc), told in one line on stderr and in the file that HPCRAFT_CUDA_FAULT names; the process then ends
// with exit code 86 (fault.cc). `--check` adds an object with a Checker (check_*.cc) that is told of everything below.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hpcraft_cuda/kernel.h"
#include "hpcraft_cuda/state.h"
#include "hpcraft_cuda/symbols.h"

#if defined(__x86_64__) || defined(__aarch64__)
extern "C" void hpcraft_cuda_switch(void **save, void *load);  // fiber.cc
#endif

// Before a thread_local variable: it is a constant at first, so that a use need not ask whether it has been made.
#ifdef __clang__
#define HPCRAFT_CUDA_CONSTINIT [[clang::require_constant_initialization]]
#else
#define HPCRAFT_CUDA_CONSTINIT __constinit
#endif

namespace hpcraft_cuda {

constexpr int FAULT_EXIT = 86;
constexpr int POISON = 0xff;  // of shared memory that a block hasn't written: not a number, or -1
constexpr unsigned MAX_THREADS = 1024, WARP = 32;
constexpr std::size_t SHARED_DEFAULT = 48 << 10, SHARED_OPT_IN = 163 << 10, SHARED_CAPACITY = 256 << 10;

struct Fiber {
    void *stack_pointer;  // where it stopped
    char *low, *high;     // usable stack
    Fiber *next;          // in the pool
};

// A device thread that waits or has waited; one that never does has no use for it.
struct Thread {
    Fiber *fiber;
    Thread *next;  // in the list that it waits in
    Where where;   // the line of the call that it waits in
    Op op;
    bool waiting;
};

struct Waiters {
    Thread *first = nullptr, *last = nullptr;
    unsigned count = 0;
};

// Lanes of one warp that wait for each other.
struct Group {
    unsigned mask = 0, arrived = 0;
    Op op = Op::syncwarp;
    Where where{};
    Finish finish = nullptr;
};

struct Warp {
    unsigned live = 0;
    unsigned active = 0;            // lanes that wait in active_mask
    std::vector<Group> groups;  // those in which somebody waits
    std::uint64_t in[WARP], out[WARP];
    unsigned argument[WARP];
};

struct Launch;
struct Worker;

struct Block {
    const Launch *launch = nullptr;
    Worker *worker = nullptr;
    dim3 index;
    std::uint64_t number = 0, epoch = 0;  // linear index in the grid; unique among all blocks of the process
    unsigned num_threads = 0, next = 0;   // the next one to be started, counted in `order`
    unsigned live = 0;                    // not ended, once `waited`
    bool waited = false;                  // whether threads have to tell their ends
    const unsigned *order = nullptr;      // of the threads, null for the natural one
    std::vector<unsigned> shuffled;
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    Waiters ready;
    Waiters barrier;
    Op barrier_op = Op::syncthreads;
    Where barrier_where{};
    int barrier_value = 0, barrier_result = 0;
    std::uint64_t barriers = 0;  // completed: the epoch of accesses
    Waiters grid;
    bool spinning = false;     // left by a thread that spins while nobody else in it could run
    bool spins = false;        // for one turn: start another thread rather than let a ready one go on
    unsigned spun = 0;         // turns of threads that spin, since the block was left
    std::uint64_t generation = 0;   // of the grid barrier that it waits for
    char *shared = nullptr;         // storage of its shared variables, between two guard pages
    char *dynamic = nullptr;        // the dynamic part, which ends at the second one
    std::size_t shared_used = 0;
    struct Variable {
        const SharedSlot *slot;
        void *address;
        std::size_t size;
        const char *name;
    };
    std::vector<Variable> variables;
};

// The block whose thread runs now, with its indices: for messages.
struct Place {
    const char *kernel = "";
    uint3 block{}, thread{};
    bool device = false;
};
Place here();

// --- what a checker is told (all null without one); calls come from the worker that runs the block.
struct Checker {
    virtual void launch_begins(const Launch &) {}
    virtual void launch_ends(const Launch &) {}
    virtual void block_begins(Block &) {}
    virtual void block_ends(Block &) {}
    virtual void thread_runs(Block &, unsigned /*thread*/) {}   // before its first and after each of its waits
    virtual void thread_ends(Block &) {}
    virtual void barrier_completed(Block &) {}                  // all live threads of the block are ordered
    // Those lanes are ordered that came, of those that the group's mask asks for.
    virtual void lanes_met(Block &, unsigned /*warp*/, const Group &) {}
    virtual void grid_completed(Block &) {}
    virtual void allocated(void *, std::size_t) {}
    virtual void freed(void *, std::size_t) {}
    virtual void shared_entered(Block &, const Block::Variable &) {}
    virtual void api_writes(void *, std::size_t) {}  // memcpy and memset to the device
    virtual void api_touches(const void *, std::size_t, bool /*write*/) {}  // of a copy, either side
    virtual bool any_written(const void *, std::size_t) { return true; }  // of device memory
    virtual void api_copies(void * /*to*/, const void * /*from*/, std::size_t) {}  // within device memory: what is initialised goes along
    // Streams. A copy is recorded that others may conflict with; what the host waits for has ended when the call returns.
    virtual void stream_made(const void *, bool /*blocking*/) {}
    virtual void copy_begins(const void * /*stream*/, bool /*recorded*/) {}
    virtual void copy_ends(const void * /*stream*/, bool /*waits*/) {}
    virtual void host_waits(const void * /*stream*/) {}
    virtual void host_waits_for_all() {}
    virtual void host_waits_for(const void * /*event*/) {}
    virtual void event_recorded(const void * /*event*/, const void * /*stream*/) {}
    virtual void stream_waits(const void * /*stream*/, const void * /*event*/) {}
    virtual void callback_runs(const void * /*stream*/, bool /*begins*/) {}
protected:
    ~Checker() = default;
};
extern Checker *checker;  // set by the constructor of a check's object, before main

// --- fiber.cc
using Entry = void (*)();
void prepare(Fiber &fiber, Entry entry);
#if defined(__x86_64__) || defined(__aarch64__)
inline void switch_to(void *&save, void *load) { hpcraft_cuda_switch(&save, load); }
#else
void switch_to(void *&save, void *load);
#endif
Fiber *take_fiber(Worker &worker);
void give_fiber(Worker &worker, Fiber *fiber);
bool in_guard(const Worker &worker, const void *at);  // of one of its stacks
std::size_t stack_bytes();
void set_stack_bytes(std::size_t bytes);

// --- block.cc
struct Worker {
    void *main_stack_pointer = nullptr;
    Fiber *running = nullptr;
    Fiber *pool = nullptr;
    std::vector<Fiber *> fibers;
    std::vector<Block *> free_blocks;  // with their shared memory
};
HPCRAFT_CUDA_CONSTINIT extern thread_local Worker *worker;
void begin(Block &block, const Launch &launch, std::uint64_t number);
bool go_on(Worker &own, Block &block);  // false when it has ended; else it waits for the grid, or spins
void release_grid(Block &block);

// --- launch.cc, pool.cc
struct Launch {
    Site site{};
    Config config;
    Kernel kernel{};
    std::uint64_t num_blocks = 0;
    std::uint64_t seed = 0;  // of the schedule; 0 is the natural order
    bool cooperative = false;
};
extern const Launch *running_launch;
unsigned num_workers();
void run_launch(const Launch &launch);
Worker &own_worker();  // of this OS thread
// Calls `work` on this OS thread, and on the others of the pool at once or when it asks for them by `wake_workers`.
void on_workers(void (*work)(void *context), void *context, bool at_once);
void wake_workers();
Block *take_block(Worker &own);

// --- arena.cc
enum class Memory : unsigned char { none, device, managed, pinned, freed, guard };
struct Allocation {
    char *begin = nullptr;  // as the program knows it
    std::size_t size = 0;
    char *pages = nullptr;  // what is mapped for it, without the guard
    std::size_t page_bytes = 0;
    Memory memory = Memory::none;
    bool freed = false;
};
void *arena_allocate(std::size_t bytes, Memory memory);
enum class Freed : unsigned char { yes, twice, unknown };
Freed arena_free(void *pointer, Memory memory);
// The allocation that an address lies in, or is nearest to (guard, freed); null for memory that is not of the arena.
const Allocation *arena_find(const void *at);
bool in_arena(const void *at);
struct ArenaRange {
    char *begin, *end;
};
ArenaRange arena_range();  // all that is reserved; null before the first allocation
void arena_open();   // before a kernel
void arena_close();  // after it
void share_arena();  // for good: what stands for work of the device is done by the host, as Thrust's algorithms are
bool arena_is_shared();
std::size_t arena_used();
void arena_reset();  // frees all that a device's end frees
constexpr std::size_t TOTAL_MEMORY = std::size_t{16} << 30;
// While it lives the device memory that holds these addresses may be touched by a call of the API.
class Opened {
public:
    Opened(const void *first, const void *second = nullptr);
    ~Opened();
    Opened(const Opened &) = delete;
    Opened &operator=(const Opened &) = delete;

private:
    const Allocation *allocations_[2];
};

// --- symbols.cc
const Symbol *find_symbol(const void *at);

// --- signals.cc
void use_signal_stack();  // of this OS thread

// --- trace.cc
// The instructions of the program from one on (null for where it is now), and those that called, the innermost first; as offsets.
struct Trace {
    static constexpr unsigned MOST = 8;
    std::uintptr_t offsets[MOST];
    unsigned count = 0;
};
Trace trace(const void *from);
void leave_broken_walk();  // when a signal comes while the stack is walked
struct Named {
    const char *begin = nullptr, *end = nullptr;
    char name[200] = "";
};
Named name_at(const void *address, bool function);  // a function or a variable of the program, as the linker calls it

// --- fault.cc
const char *name_of(Kind kind);
// As `fault`, but the line is told as an offset in the program, which the sandbox resolves; `pc` may be null.
[[noreturn]] void fault_at(Kind kind, const void *pc, const char *detail);
// The same for a call of the API, by the line that calls.
[[noreturn]] void fault_in_call(Kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
[[noreturn]] void launch_fault(const Site &site, const char *why);
// A fault that a race may explain: only the first is kept, and told in the place of any later one but a race.
void suspend_fault(Kind kind, const void *pc, const char *detail);
void settle_fault();  // tells it, if there is one
// A race, with its second place.
struct Trace;
struct Second {
    std::uintptr_t offset = 0;
    const Trace *trace = nullptr;  // rather than the offset
    const char *kernel = nullptr;  // of the other one, for a race with the host
    dim3 block{}, thread{};
};
[[noreturn]] void race_at(const void *pc, const Second &second, const char *detail);

// --- memory.cc
bool is_registered(const void *at);

// --- array_copies.cc
cudaError_t plain_copy(const cudaMemcpy3DParms &given, cudaMemcpy3DParms &plain);

// --- device.cc
std::size_t dynamic_limit();  // of dynamic shared memory, as cudaFuncSetAttribute has raised it
std::uint64_t most_resident_blocks(std::uint64_t threads, std::size_t dynamic_bytes);

// --- errors.cc
cudaError_t set_error(cudaError_t code);  // remembers it for cudaGetLastError, and returns it
cudaError_t refuse_launch(const Site &site, cudaError_t code);
void tell_unseen_error();  // under checks, of a launch that was refused while nobody has asked since; at the end, or when its results are used

}  // namespace hpcraft_cuda
