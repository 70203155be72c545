// What compilers call before each access under -fsanitize=thread, and what the runtime tells its checker.
//
// Built twice: with HPCRAFT_CUDA_RACES for `--check race`, which looks for all that `--check address` does as well.

#include <algorithm>
#include <cstring>
#include <new>

#include "check.h"

namespace hpcraft_cuda {

#ifdef HPCRAFT_CUDA_RACES
constexpr bool RACES = true;
#else
constexpr bool RACES = false;
#endif

// Whether the bits of all bytes are set, for accesses of up to 16 bytes.
static inline bool all_written(const Region &region, std::size_t at, std::size_t size) {
    const std::uint8_t *bits = region.written + at / 8;
    const unsigned need = ((1u << size) - 1) << at % 8;
    if (at % 8 + size <= 8) return (*bits & need) == need;
    std::uint32_t have = 0;
    std::memcpy(&have, bits, 3);
    return (have & need) == need;
}

[[gnu::always_inline]] static inline bool is_quick(const Region &region, std::size_t at, std::size_t size, Access access, const void *pc) {
    if (!RACES) return true;
    if ((size != 4 && size != 8) || at % 4 || !view.current) return false;
    Cell *cell = region.cells + at / 4;
    const Word mine = view.word | 15 << BYTES_SHIFT;
    const bool shared = &region != &arena_region;
    const Word fresh = shared ? view.clock->number << BLOCK_SHIFT : view.fresh;
    if (access == Access::read) return quick_read(cell[0], mine, fresh, pc) && (size == 4 || quick_read(cell[1], mine, fresh, pc));
    const bool alone = shared || !many_workers;
    return quick_write(cell[0], mine, fresh, pc, alone) && (size == 4 || quick_write(cell[1], mine, fresh, pc, alone));
}

[[gnu::noinline]] static void look_slowly(const Region &region, const char *address, std::size_t size, Access access, unsigned kind,
                                          const void *pc) {
    const std::size_t at = address - region.begin;
    if (size > 16 || !all_written(region, at, size)) look_closely(region, address, size, access, pc);
    if (!RACES) return;
    look_at_thread();
    if (kind != PLAIN || !is_quick(region, at, size, access, pc)) look_at_cells(region, address, size, access, kind, pc);
}

// Most accesses are answered here, without a call for which registers would have to be kept.
[[gnu::always_inline]] static inline void look(const Region &region, const char *address, std::size_t size, Access access, unsigned kind,
                                               const void *pc) {
    const std::size_t at = address - region.begin;
    if (size <= 16 && kind == PLAIN && all_written(region, at, size) && is_quick(region, at, size, access, pc)) return;
    look_slowly(region, address, size, access, kind, pc);
}

static const Region *region_of(const void *address) {
    for (const Region *region : {&arena_region, &image_region})
        if (static_cast<std::size_t>(static_cast<const char *>(address) - region->begin) < region->bytes) return region;
    return nullptr;
}

[[gnu::noinline]] static void on_other_access(const char *address, std::size_t size, Access access, unsigned kind, const void *pc) {
    if (!look_elsewhere(address, size, access, pc) || !RACES) return;
    look_at_thread();
    look_at_cells(image_region, address, size, access, kind, pc);
}

// The host may touch what both sides may: it must have waited.
[[gnu::noinline]] static void on_host_access(const char *address, std::size_t size, Access access, const void *pc) {
    if (const Region *region = region_of(address)) look_at_host(*region, address, size, writes(access), pc);
}

[[gnu::always_inline]] static inline void on_access(const volatile void *place, std::size_t size, Access access, unsigned kind, const void *pc) {
    const char *address = const_cast<const char *>(static_cast<const volatile char *>(place));
    if (!on_device()) {
        if (RACES && __builtin_expect(host_watched.load(std::memory_order_relaxed), 0)) on_host_access(address, size, access, pc);
        return;
    }
    if (static_cast<std::size_t>(address - arena_region.begin) < arena_region.bytes) return look(arena_region, address, size, access, kind, pc);
    if (is_shared(address)) return look(view.clock->shared, address, size, access, kind, pc);
    if (static_cast<std::size_t>(address - own_variables.begin) < own_variables.bytes) return;
    if (static_cast<std::size_t>(address - worker->running->low) < static_cast<std::size_t>(worker->running->high - worker->running->low)) return;
    on_other_access(address, size, access, kind, pc);
}

// Volatile accesses to global memory are atomics of a kind; in shared memory the hope that warps run in step is what they stand for.
static inline void on_volatile(const volatile void *place, std::size_t size, bool write, const void *pc) {
    if (!on_device()) return on_access(place, size, write ? Access::write : Access::read, PLAIN, pc);
    const bool shared = is_shared(place);
    if (shared) return on_access(place, size, write ? Access::write : Access::read, PLAIN, pc);
    on_access(place, size, write ? Access::store : Access::load, ATOMIC, pc);
}

static unsigned kind_of_order(int order) { return order == __ATOMIC_ACQ_REL ? ATOMIC_BLOCK : ATOMIC; }

static thread_local std::uint64_t copy_number;  // the number of the copy that runs
static thread_local bool copy_recorded;         // whether what it touches may still be touched when others run

namespace {
struct Checks final : Checker {
    void launch_begins(const Launch &launch) override {
        reserve_regions();
        many_workers = num_workers() > 1;
        forget_order(launch);
    }
    void launch_ends(const Launch &launch) override {
        forget_thread();
        settle_fault();
        end_order(launch);
    }
    void block_begins(Block &block) override {
        forget_thread();
        order_begins(block);
        Clock &clock = clock_of(block);
        std::memset(clock.shared.written, 0, clock.shared_top / 8 + 1);
        const std::size_t from = SHARED_CAPACITY - clock.dynamic_bytes - 16;
        std::memset(clock.shared.written + from / 8, 0, (SHARED_CAPACITY - from) / 8 + 1);
        clock.shared_top = 0;
        clock.dynamic_bytes = block.launch->config.dynamic_bytes;
    }
    void block_ends(Block &) override { forget_thread(); }
    void thread_runs(Block &block, unsigned) override {
        forget_thread();
        forget_leaving();
        view.clock = &clock_of(block);
    }
    void thread_ends(Block &) override {
        forget_thread();
        note_end(*view.clock);
    }
    void barrier_completed(Block &block) override {
        look_at_ends(block);
        forget_thread();
        order_at_barrier(block);
    }
    void lanes_met(Block &block, unsigned warp, const Group &group) override {
        look_at_ends(block, warp, group);
        forget_thread();
        order_of_lanes(block, warp, group.arrived);
    }
    void grid_completed(Block &block) override {
        forget_thread();
        order_of_grid(block);
    }
    void allocated(void *, std::size_t) override { reserve_regions(); }
    void freed(void *begin, std::size_t bytes) override { set_written(arena_region, begin, bytes, false); }
    void shared_entered(Block &block, const Block::Variable &variable) override {
        Clock &clock = clock_of(block);
        clock.shared_top = std::max<std::size_t>(clock.shared_top, static_cast<char *>(variable.address) + variable.size - block.shared);
    }
    void stream_made(const void *stream, bool blocking) override {
        if (RACES) hpcraft_cuda::stream_made(stream, blocking);
    }
    void host_waits(const void *stream) override {
        if (RACES) hpcraft_cuda::host_waits(stream);
    }
    void host_waits_for_all() override {
        if (RACES) hpcraft_cuda::host_waits_for_all();
    }
    void host_waits_for(const void *event) override {
        if (RACES) hpcraft_cuda::host_waits_for(event);
    }
    void event_recorded(const void *event, const void *stream) override {
        if (RACES) hpcraft_cuda::event_recorded(event, stream);
    }
    void stream_waits(const void *stream, const void *event) override {
        if (RACES) hpcraft_cuda::stream_waits(stream, event);
    }
    void callback_runs(const void *stream, bool begins) override {
        if (RACES) hpcraft_cuda::callback_runs(stream, begins);
    }
    void copy_begins(const void *stream, bool recorded) override {
        copy_number = 0;
        // Nobody can conflict with what the host waits for when it has waited for all before.
        if (!RACES || !arena_region.begin || (!recorded && !host_watched)) return;
        copy_number = copy_begins_order(stream);
        copy_recorded = recorded;
    }
    void copy_ends(const void *stream, bool waits) override {
        copy_number = 0;
        if (RACES && waits) hpcraft_cuda::host_waits(stream);
    }
    void api_touches(const void *at, std::size_t bytes, bool write) override {
        if (!copy_number || !(copy_recorded || oldest_unordered() < copy_number)) return;
        if (const Region *region = region_of(at)) look_at_copy(*region, at, bytes, write, copy_number, copy_recorded);
    }
    void api_writes(void *to, std::size_t bytes) override {
        if (in_arena(to)) set_written(arena_region, to, bytes, true);
    }
    bool any_written(const void *from, std::size_t bytes) override { return !in_arena(from) || hpcraft_cuda::any_written(arena_region, from, bytes); }
    void api_copies(void *to, const void *from, std::size_t bytes) override {
        if (!in_arena(to)) return;
        const auto *source = static_cast<const char *>(from);
        auto *target = static_cast<char *>(to);
        const Allocation *found = arena_find(from);
        if (!found || found->memory != Memory::device) return set_written(arena_region, to, bytes, true);  // the host writes it as well
        const std::uint8_t *bits = arena_region.written;
        const bool backwards = target > source;
        for (std::size_t i = 0; i < bytes; ++i) {
            const std::size_t byte = backwards ? bytes - 1 - i : i, at = source + byte - arena_region.begin;
            set_written(arena_region, target + byte, 1, bits[at / 8] >> at % 8 & 1);
        }
    }
};
}  // namespace

// Never destroyed: destructors of the program free device memory.
[[gnu::constructor(101)]] static void start_checks() { checker = new Checks; }

}  // namespace hpcraft_cuda

using namespace hpcraft_cuda;

#define HPCRAFT_PC __builtin_return_address(0)
#define HPCRAFT_SIZED(bits, bytes)                                                                                       \
    void __tsan_read##bytes(void *at) { on_access(at, bytes, Access::read, PLAIN, HPCRAFT_PC); }                         \
    void __tsan_write##bytes(void *at) { on_access(at, bytes, Access::write, PLAIN, HPCRAFT_PC); }                       \
    void __tsan_unaligned_read##bytes(void *at) { on_access(at, bytes, Access::read, PLAIN, HPCRAFT_PC); }               \
    void __tsan_unaligned_write##bytes(void *at) { on_access(at, bytes, Access::write, PLAIN, HPCRAFT_PC); }             \
    void __tsan_volatile_read##bytes(void *at) { on_volatile(at, bytes, false, HPCRAFT_PC); }                            \
    void __tsan_volatile_write##bytes(void *at) { on_volatile(at, bytes, true, HPCRAFT_PC); }                            \
    void __tsan_unaligned_volatile_read##bytes(void *at) { on_volatile(at, bytes, false, HPCRAFT_PC); }                  \
    void __tsan_unaligned_volatile_write##bytes(void *at) { on_volatile(at, bytes, true, HPCRAFT_PC); }                  \
    void __tsan_read_write##bytes(void *at) {                                                                            \
        on_access(at, bytes, Access::read, PLAIN, HPCRAFT_PC);                                                           \
        on_access(at, bytes, Access::write, PLAIN, HPCRAFT_PC);                                                          \
    }                                                                                                                    \
    void __tsan_unaligned_read_write##bytes(void *at) {                                                                  \
        on_access(at, bytes, Access::read, PLAIN, HPCRAFT_PC);                                                           \
        on_access(at, bytes, Access::write, PLAIN, HPCRAFT_PC);                                                          \
    }

#define HPCRAFT_FETCH(bits, type, name)                                                                                  \
    type __tsan_atomic##bits##_##name(volatile type *at, type value, int order) {                                        \
        on_access(at, sizeof(type), Access::update, kind_of_order(order), HPCRAFT_PC);                                   \
        return __atomic_##name(at, value, __ATOMIC_SEQ_CST);                                                             \
    }

#define HPCRAFT_COMPARE(bits, type, name, weak)                                                                          \
    int __tsan_atomic##bits##_compare_exchange_##name(volatile type *at, type *expected, type value, int order, int) {   \
        on_access(at, sizeof(type), Access::update, kind_of_order(order), HPCRAFT_PC);                                   \
        return __atomic_compare_exchange_n(at, expected, value, weak, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);               \
    }

#define HPCRAFT_ATOMIC(bits, type)                                                                                       \
    type __tsan_atomic##bits##_load(const volatile type *at, int order) {                                                \
        on_access(at, sizeof(type), Access::load, kind_of_order(order), HPCRAFT_PC);                                     \
        return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                                                    \
    }                                                                                                                    \
    void __tsan_atomic##bits##_store(volatile type *at, type value, int order) {                                         \
        on_access(at, sizeof(type), Access::store, kind_of_order(order), HPCRAFT_PC);                                    \
        __atomic_store_n(at, value, __ATOMIC_SEQ_CST);                                                                   \
    }                                                                                                                    \
    type __tsan_atomic##bits##_exchange(volatile type *at, type value, int order) {                                      \
        on_access(at, sizeof(type), Access::update, kind_of_order(order), HPCRAFT_PC);                                   \
        return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);                                                         \
    }                                                                                                                    \
    HPCRAFT_FETCH(bits, type, fetch_add)                                                                                 \
    HPCRAFT_FETCH(bits, type, fetch_sub)                                                                                 \
    HPCRAFT_FETCH(bits, type, fetch_and)                                                                                 \
    HPCRAFT_FETCH(bits, type, fetch_or)                                                                                  \
    HPCRAFT_FETCH(bits, type, fetch_xor)                                                                                 \
    HPCRAFT_FETCH(bits, type, fetch_nand)                                                                                \
    HPCRAFT_COMPARE(bits, type, strong, false)                                                                           \
    HPCRAFT_COMPARE(bits, type, weak, true)                                                                              \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *at, type expected, type value, int order, int) {      \
        on_access(at, sizeof(type), Access::update, kind_of_order(order), HPCRAFT_PC);                                   \
        __atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                    \
        return expected;                                                                                                 \
    }

extern "C" {

HPCRAFT_SIZED(8, 1)
HPCRAFT_SIZED(16, 2)
HPCRAFT_SIZED(32, 4)
HPCRAFT_SIZED(64, 8)
HPCRAFT_SIZED(128, 16)
HPCRAFT_ATOMIC(8, std::uint8_t)
HPCRAFT_ATOMIC(16, std::uint16_t)
HPCRAFT_ATOMIC(32, std::uint32_t)
HPCRAFT_ATOMIC(64, std::uint64_t)

void __tsan_init() {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
void __tsan_ignore_thread_begin() {}
void __tsan_ignore_thread_end() {}
void __tsan_vptr_update(void **at, void *) { on_access(at, sizeof *at, Access::write, PLAIN, HPCRAFT_PC); }
void __tsan_vptr_read(void **at) { on_access(at, sizeof *at, Access::read, PLAIN, HPCRAFT_PC); }
void __tsan_read_range(void *at, std::size_t bytes) { if (bytes) on_access(at, bytes, Access::read, PLAIN, HPCRAFT_PC); }
void __tsan_write_range(void *at, std::size_t bytes) { if (bytes) on_access(at, bytes, Access::write, PLAIN, HPCRAFT_PC); }

void __tsan_atomic_thread_fence(int) {
    if (RACES && on_device()) fence(false);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
void __tsan_atomic_signal_fence(int) {
    if (RACES && on_device()) fence(true);
}

// Clang's names, and those that checked.h gives to these functions for gcc.
#define HPCRAFT_COPY(name, function)                                                                                     \
    void *name(void *to, const void *from, std::size_t bytes) {                                                          \
        if (bytes) on_access(from, bytes, Access::read, PLAIN, HPCRAFT_PC), on_access(to, bytes, Access::write, PLAIN, HPCRAFT_PC); \
        return function(to, from, bytes);                                                                                \
    }
#define HPCRAFT_SET(name)                                                                                                \
    void *name(void *to, int value, std::size_t bytes) {                                                                 \
        if (bytes) on_access(to, bytes, Access::write, PLAIN, HPCRAFT_PC);                                               \
        return std::memset(to, value, bytes);                                                                            \
    }
HPCRAFT_COPY(__tsan_memcpy, std::memcpy)
HPCRAFT_COPY(__tsan_memmove, std::memmove)
HPCRAFT_SET(__tsan_memset)
HPCRAFT_COPY(hpcraft_cuda_memcpy, std::memcpy)
HPCRAFT_COPY(hpcraft_cuda_memmove, std::memmove)
HPCRAFT_SET(hpcraft_cuda_memset)
void *hpcraft_cuda_malloc(std::size_t bytes) { return allocate_on_heap(bytes); }
void hpcraft_cuda_free(void *begin) { free_on_heap(begin); }

// -fsanitize=alignment, whose record begins with the place in the source.
struct Mismatch {
    const char *file;
    std::uint32_t line, column;
};
void __ubsan_handle_type_mismatch_v1(const Mismatch *at, std::uintptr_t address) {
    if (!on_device()) return;
    fault(Kind::misaligned, {at->file, static_cast<int>(at->line)}, "address %p is not a multiple of what its type needs, %u bytes off 16",
          reinterpret_cast<void *>(address), static_cast<unsigned>(address % 16));
}
void __ubsan_handle_type_mismatch_v1_abort(const Mismatch *at, std::uintptr_t address) { __ubsan_handle_type_mismatch_v1(at, address); }

// -fsanitize=bounds: an index beyond its own dimension, also where the address is still inside of the array.
struct Index {
    const char *file;
    std::uint32_t line, column;
    const struct {
        std::uint16_t kind, info;
        char name[1];
    } *type;
};
void __ubsan_handle_out_of_bounds(const Index *at, std::uintptr_t index) {
    if (on_device()) fault(Kind::out_of_bounds, {at->file, static_cast<int>(at->line)}, "index %td of %s", static_cast<std::ptrdiff_t>(index), at->type->name);
}
void __ubsan_handle_out_of_bounds_abort(const Index *at, std::uintptr_t index) { __ubsan_handle_out_of_bounds(at, index); }

// Bytes of a string that the device prints.
void hpcraft_cuda_look_at_string(const char *text, std::size_t most, const void *pc) {
    if (text && most) on_access(text, strnlen(text, most - 1) + 1, Access::read, PLAIN, pc);
}

}  // extern "C"

// Device code that says `new` gets memory that device code may touch.
void *operator new(std::size_t bytes) {
    if (void *got = allocate_on_heap(bytes ? bytes : 1)) return got;
    throw std::bad_alloc();
}
void operator delete(void *begin) noexcept { free_on_heap(begin); }
void operator delete(void *begin, std::size_t) noexcept { free_on_heap(begin); }
