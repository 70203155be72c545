// The checks: what they know of memory and of the order of accesses, as their own files see it.
//
// Theory of operation. The compiler calls a function before every load and store of the translated program (check_callbacks.cc);
// the sanitizer that these calls are meant for is not linked. In host code they return at once: pages without access tell
// enough there. On the device every byte of memory has a bit, whether it was written since it was allocated; an access that finds all
// its bits set is inside an allocation and reads nothing undefined, and only the others are looked at closely (check_memory.cc).
//
// For races every four bytes have a cell: the last write and the last reads, with thread, time and instruction. A block has a clock,
// which goes on by one with each barrier, meeting of lanes and fence. A cell holds the time of its accesses; a thread knows
// up to which time the accesses of its block and its warp come before its own. Blocks have numbers that grow, so that
// accesses of earlier launches (and of earlier phases of a grid) are told by a comparison. Between blocks, and where no barrier is,
// an atomic after a fence orders what follows a later atomic on the same address (check_order.cc).
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "runtime.h"

namespace hpcraft_cuda {

// Who accessed a cell and when: block 26 | thread 10 | time 22 | bytes of the cell 4 | kind 2. Of two words of one launch the greater
// block is the later one to start, and all words of earlier launches are smaller.
using Word = std::uint64_t;
constexpr unsigned BLOCK_SHIFT = 38, THREAD_SHIFT = 28, TIME_SHIFT = 6, BYTES_SHIFT = 2;
constexpr std::uint32_t LAST_TIME = (1u << 22) - 1;
constexpr std::uint64_t LAST_BLOCK = (1u << 26) - 1;
inline std::uint64_t block_of(Word word) { return word >> BLOCK_SHIFT; }
inline unsigned thread_of(Word word) { return word >> THREAD_SHIFT & 1023; }
inline std::uint32_t time_of(Word word) { return word >> TIME_SHIFT & LAST_TIME; }
inline unsigned bytes_of(Word word) { return word >> BYTES_SHIFT & 15; }
inline unsigned kind_of(Word word) { return word & 3; }
inline bool same_thread(Word a, Word b) { return (a ^ b) >> THREAD_SHIFT == 0; }
inline bool same_block(Word a, Word b) { return (a ^ b) >> BLOCK_SHIFT == 0; }
inline bool same_warp(Word a, Word b) { return (a ^ b) >> (THREAD_SHIFT + 5) == 0; }

// The kind of a write; volatile ones count as atomics of the whole device, but in shared memory as plain ones.
enum : unsigned { PLAIN, ATOMIC, ATOMIC_BLOCK };
// The kind of what a cell knows of reads: one thread, several of a warp, of a block, of the grid.
enum : unsigned { BY_THREAD, BY_WARP, BY_BLOCK, BY_GRID };

struct Cell {
    Word write, read;
    std::uint32_t write_pc, read_pc;  // relative to the program
};

// A range of memory with a bit per byte and a cell per four bytes.
struct Region {
    char *begin = nullptr;
    std::size_t bytes = 0;
    std::uint8_t *written = nullptr;
    Cell *cells = nullptr;
};
extern Region arena_region, image_region;
extern bool many_workers;

// What a release leaves at an address, and what a thread knows from there.
struct Sync;
struct Acquired {
    Sync *sync;
    std::uint32_t version;
};

// The order within one block.
struct Clock {
    std::uint64_t number = 0;              // of the block, in words
    std::uint32_t time = 0, base = 0;      // accesses before `base` come before those of all its threads now
    bool lanes_used = false;               // whether anything but barriers moved the clock
    std::uint32_t lane_time[MAX_THREADS];  // of a thread's own accesses, where later than base
    std::uint32_t fence[MAX_THREADS];      // a thread's accesses before it are behind a fence
    std::uint32_t block_fence[MAX_THREADS];  // the same for the own block, for which a weaker fence does
    std::uint32_t warp_base[WARP];         // accesses of the own warp before it come before
    std::vector<std::uint32_t> met[WARP];  // 32 x 32 per warp, where masks were partial: row knows column up to
    std::vector<Acquired> acquired;        // by all threads
    std::unordered_map<unsigned, std::vector<Acquired>> acquired_by;
    std::uint64_t phase = 0;  // of the grid
    bool any_left = false;
    std::uint32_t left[WARP];  // lanes that left the kernel by `return`, rather than came to its end
    Region shared;
    std::size_t shared_top = 0, dynamic_bytes = 0;  // what of `shared.written` may be set
};

// The running device thread as the checks see it, and the store whose value is to be looked at.
struct View {
    bool current = false;  // whether this is the running thread, with nothing pending
    Word word = 0;   // without bytes and kind
    Word fresh = 0;  // smaller words come before
    std::uint32_t base = 0, warp_base = 0;
    unsigned thread = 0;
    Clock *clock = nullptr;
    struct {
        std::size_t size = 0;
        const void *address = nullptr;
        unsigned char before[16] = {};
        Word write = 0;
        std::uint32_t write_pc = 0, pc = 0;
        uint3 index{};
    } pending;
};
HPCRAFT_CUDA_CONSTINIT inline thread_local View view;

// --- check_order.cc
void refresh();  // the view, when another thread runs
bool ordered(Word earlier);
bool all_ordered(Word readers);
void fence(bool of_block);
void acquire(const volatile void *address);
void release(const volatile void *address);
bool releases();
void forget_order(const Launch &launch);             // at its begin
void end_order(const Launch &launch);
std::uint64_t copy_begins_order(const void *stream);  // gives its number; what is ordered is asked for the copy then
std::uint64_t oldest_unordered();                    // number of a block: smaller ones come before the copy of this thread
std::uint64_t linear_of(std::uint64_t block_number);  // the block's index in its grid
Clock &clock_of(Block &block);
void order_begins(Block &block);
void order_at_barrier(Block &block);
void order_of_lanes(Block &block, unsigned warp, unsigned mask);
void order_of_grid(Block &block);

// --- check_streams.cc
// A launch, or a copy that the host doesn't wait for, with the numbers that blocks had in it.
struct Activity {
    std::uint64_t first, last = 0, sequence = 0;
    const char *kernel = nullptr;  // null for a copy
    dim3 grid{}, block{};
    Trace from{};  // where a copy was called
};
extern std::atomic<bool> host_watched;  // whether there is anything that the host doesn't know to have ended
// Gives the first number of the oldest activity that this one doesn't come after.
std::uint64_t activity_begins(const void *stream, Activity what);
void activity_ends(const void *stream, std::uint64_t last);
bool activity_known(std::uint64_t block);  // to the running launch, or on the host to the copy
bool known_to_host(std::uint64_t block);
bool find_activity(std::uint64_t block, Activity &into);
void streams_start_over();
void stream_made(const void *stream, bool blocking);
void host_waits(const void *stream);
void host_waits_for_all();
void host_waits_for(const void *event);
void event_recorded(const void *event, const void *stream);
void stream_waits(const void *stream, const void *event);
void callback_runs(const void *stream, bool begins);

// --- check_ends.cc
void note_end(Clock &clock);  // of the running thread, unless it left
void forget_leaving();        // when it goes on behind a barrier
void look_at_ends(Block &block);                                        // at a barrier
void look_at_ends(Block &block, unsigned warp, const Group &group);     // at a meeting of lanes

// --- check_memory.cc
enum class Access : unsigned char { read, write, load, store, update };
constexpr bool writes(Access access) { return access == Access::write || access == Access::store || access == Access::update; }
constexpr bool reads(Access access) { return !(access == Access::write || access == Access::store); }
// The thread_local variables of this OS thread, found at the first access to one.
struct Variables {
    const char *begin;
    std::size_t bytes;
};
inline thread_local Variables own_variables;
void look_closely(const Region &region, const void *address, std::size_t size, Access access, const void *pc);
// Memory that is neither in the arena nor shared; true where races are to be looked for.
bool look_elsewhere(const void *address, std::size_t size, Access access, const void *pc);
bool any_written(const Region &region, const void *address, std::size_t size);
void set_written(const Region &region, const void *address, std::size_t size, bool value);
void reserve_regions();
void *allocate_on_heap(std::size_t bytes);  // for device code, if that asks
void free_on_heap(void *begin);

// --- check_race.cc
void look_at_cells(const Region &region, const void *address, std::size_t size, Access access, unsigned kind, const void *pc);
void settle_pending();
// Accesses of the host, and of copies with a number of their own.
void look_at_host(const Region &region, const void *address, std::size_t size, bool write, const void *pc);
void look_at_copy(const Region &region, const void *address, std::size_t size, bool write, std::uint64_t number, bool recorded);

extern std::uintptr_t program_base;
inline std::uint32_t offset_of(const void *pc) { return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(pc) - 1 - program_base); }

// The quick answers for a plain access to a whole cell: true where nothing else is to be looked at.
[[gnu::always_inline]] inline bool quick_read(Cell &cell, Word mine, Word fresh, const void *pc) {
    const Word readers = __atomic_load_n(&cell.read, __ATOMIC_RELAXED), write = __atomic_load_n(&cell.write, __ATOMIC_RELAXED);
    if (readers == mine) return true;
    const bool ordered = write < fresh || (same_block(write, mine) && time_of(write) < view.base);
    if (!ordered) return false;
    if (readers < fresh || (same_block(readers, mine) && time_of(readers) < view.base)) {
        __atomic_store_n(&cell.read, mine, __ATOMIC_RELAXED);
        cell.read_pc = offset_of(pc);
        return true;
    }
    if (bytes_of(readers) != 15) return false;
    if (kind_of(readers) == BY_GRID) return true;
    if (!same_block(readers, mine) || time_of(readers) != time_of(mine) || time_of(readers) < view.warp_base)
        return kind_of(readers) == BY_BLOCK && same_block(readers, mine) && time_of(readers) > time_of(mine);
    const bool of_warp = kind_of(readers) != BY_BLOCK && same_warp(readers, mine);
    if (kind_of(readers) == (of_warp ? BY_WARP : BY_BLOCK)) return true;
    __atomic_store_n(&cell.read, mine | (of_warp ? BY_WARP : BY_BLOCK), __ATOMIC_RELAXED);
    return true;
}

[[gnu::always_inline]] inline bool comes_before(Word earlier, Word mine, Word fresh) {
    if (earlier < fresh) return true;
    return same_block(earlier, mine) && (time_of(earlier) < view.base || (same_thread(earlier, mine) && (earlier & 3) == 0));
}

[[gnu::always_inline]] inline bool quick_write(Cell &cell, Word mine, Word fresh, const void *pc, bool alone) {
    const Word readers = __atomic_load_n(&cell.read, __ATOMIC_RELAXED);
    Word write = __atomic_load_n(&cell.write, __ATOMIC_RELAXED);
    if (!comes_before(write, mine, fresh) || !comes_before(readers, mine, fresh)) return false;
    if (alone) __atomic_store_n(&cell.write, mine, __ATOMIC_RELAXED);
    else if (!__atomic_compare_exchange_n(&cell.write, &write, mine, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return false;
    cell.write_pc = offset_of(pc);
    if (readers >= fresh) __atomic_store_n(&cell.read, 0, __ATOMIC_RELAXED);
    return true;
}

inline void look_at_thread() {
    if (view.pending.size) settle_pending();
    if (!view.current) refresh();
}
inline void forget_thread() {
    if (view.pending.size) settle_pending();
    view.current = false;
}

}  // namespace hpcraft_cuda
