// Accesses of several threads to the same bytes that nothing orders.

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "check.h"

namespace hpcraft_cuda {

std::uintptr_t program_base;

static const void *pc_at(std::uint32_t offset) { return reinterpret_cast<const void *>(program_base + offset); }

static const char *of_readers(unsigned kind) {
    switch (kind) {
    case BY_WARP: return "several threads of a warp";
    case BY_BLOCK: return "several threads of the block";
    case BY_GRID: return "threads of several blocks";
    default: return nullptr;
    }
}

namespace {
// Who made an earlier access, and where.
struct Who {
    char words[200];
    Activity activity{};
    Second second{};
};
}  // namespace

static void identify(Who &who, Word earlier, bool reads, std::uint32_t pc) {
    const bool other = find_activity(block_of(earlier), who.activity);
    const Launch *running = on_device() ? current.block->launch : nullptr;
    if (!other && running) who.activity = {0, 0, 0, running->site.kernel, running->config.grid, running->config.block, {}};
    const bool same = running && running->site.kernel == who.activity.kernel;
    const dim3 &grid = who.activity.grid, &size = who.activity.block;
    const std::uint64_t number = linear_of(block_of(earlier));
    const unsigned thread = thread_of(earlier);
    who.second.offset = pc;
    if (!who.activity.kernel) {
        who.second.trace = &who.activity.from;
        std::snprintf(who.words, sizeof who.words, "a copy");
        return;
    }
    who.second.kernel = who.activity.kernel;
    who.second.block = dim3(number % grid.x, number / grid.x % grid.y, number / grid.x / grid.y);
    who.second.thread = dim3(thread % size.x, thread / size.x % size.y, thread / size.x / size.y);
    const char *several = reads ? of_readers(kind_of(earlier)) : nullptr;
    const dim3 &block = who.second.block, &index = who.second.thread;
    if (several) std::snprintf(who.words, sizeof who.words, "%s%s%s", several, same ? "" : " of the kernel ", same ? "" : who.activity.kernel);
    else
        std::snprintf(who.words, sizeof who.words, "thread %u,%u,%u of block %u,%u,%u%s%.80s", index.x, index.y, index.z, block.x, block.y, block.z,
                      same ? "" : " of the kernel ", same ? "" : who.activity.kernel);
}

[[noreturn, gnu::noinline]] static void race(Word earlier, bool earlier_reads, std::uint32_t earlier_pc, const char *does, const void *address,
                                             const void *pc) {
    Who who;
    identify(who, earlier, earlier_reads, earlier_pc);
    char where[80];
    const Allocation *of = arena_find(address);
    if (of) std::snprintf(where, sizeof where, "byte %td of %zu bytes of global memory", static_cast<const char *>(address) - of->begin, of->size);
    else std::snprintf(where, sizeof where, is_shared(address) ? "shared memory" : "a variable of the device");
    char text[500];
    std::snprintf(text, sizeof text, "%s %s, which %s %s, and nothing orders them", does, where, who.words,
                  earlier_reads ? "read" : kind_of(earlier) == PLAIN ? "wrote" : "updated by an atomic");
    race_at(pc, who.second, text);
}

// Two plain stores of one value are no race: flags are set so. The value is in memory at the thread's next access.
static void suspend(const void *address, std::size_t size, Word earlier, std::uint32_t earlier_pc, std::uint32_t pc) {
    auto &pending = view.pending;
    if (pending.size || size > sizeof pending.before) return;
    view.current = false;
    pending.size = size;
    pending.address = address;
    std::memcpy(pending.before, address, size);
    pending.write = earlier;
    pending.write_pc = earlier_pc;
    pending.pc = pc;
    pending.index = threadIdx;
}

void settle_pending() {
    auto &pending = view.pending;
    const std::size_t size = pending.size;
    pending.size = 0;
    if (std::memcmp(pending.before, pending.address, size) == 0) return;
    threadIdx = pending.index;  // another thread may run by now
    race(pending.write, false, pending.write_pc, "writes another value to", pending.address, pc_at(pending.pc));
}

static Word joined(Word readers, Word mine) {
    if (same_thread(readers, mine) && kind_of(readers) == BY_THREAD) return mine;
    if (bytes_of(readers) != bytes_of(mine)) return mine;  // who read which byte would be lost
    const Word later = time_of(readers) > time_of(mine) ? readers : mine;
    const Word merged = (later & ~Word{63}) | ((readers | mine) & 60);
    if (kind_of(readers) == BY_GRID || !same_block(readers, mine)) return (mine & ~Word{3}) | (readers & 60) | BY_GRID;
    if (time_of(readers) < view.base) return mine;
    if (kind_of(readers) == BY_BLOCK) return merged | BY_BLOCK;
    if (!same_warp(readers, mine)) return merged | BY_BLOCK;
    if (kind_of(readers) == BY_THREAD && ordered(readers)) return mine;
    return time_of(readers) < view.warp_base ? mine : merged | BY_WARP;
}

// Loops that end in a compare-and-swap begin with a plain read of what others update: the guide has it so, for global memory.
static bool tolerated(const void *address) { return !is_shared(address); }

static void note_read(Cell &cell, Word mine, Word fresh, const void *address, const void *pc) {
    const Word write = __atomic_load_n(&cell.write, __ATOMIC_RELAXED), readers = __atomic_load_n(&cell.read, __ATOMIC_RELAXED);
    const bool of_atomic = kind_of(write) != PLAIN && tolerated(address);
    if (write >= fresh && bytes_of(write) & bytes_of(mine) && !of_atomic && !ordered(write))
        race(write, false, cell.write_pc, "reads", address, pc_at(offset_of(pc)));
    const Word now = readers >= fresh ? joined(readers, mine) : mine;
    if (now == readers) return;
    __atomic_store_n(&cell.read, now, __ATOMIC_RELAXED);
    cell.read_pc = offset_of(pc);
}

static bool both_atomic(Word write, Word mine) {
    if (kind_of(write) == PLAIN || kind_of(mine) == PLAIN) return false;
    return (kind_of(write) == ATOMIC && kind_of(mine) == ATOMIC) || same_block(write, mine);
}

struct Accessed {
    const void *address;
    std::size_t size;
};

static void note_write(Cell &cell, Word mine, Word fresh, Accessed all, const void *pc, bool concurrent) {
    const std::uint32_t at = offset_of(pc), earlier_pc = cell.write_pc;
    const Word readers = __atomic_load_n(&cell.read, __ATOMIC_RELAXED);
    const Word write = concurrent ? __atomic_exchange_n(&cell.write, mine, __ATOMIC_RELAXED) : cell.write;
    if (!concurrent) cell.write = mine;
    cell.write_pc = at;
    const char *does = kind_of(mine) == PLAIN ? "writes" : "updates by an atomic";
    if (write >= fresh && bytes_of(write) & bytes_of(mine) && !both_atomic(write, mine) && !ordered(write)) {
        if (kind_of(write) != PLAIN || kind_of(mine) != PLAIN) race(write, false, earlier_pc, does, all.address, pc_at(at));
        suspend(all.address, all.size, write, earlier_pc, at);
    }
    if (readers >= fresh && bytes_of(readers) & bytes_of(mine)) {
        const bool fine = (kind_of(mine) != PLAIN && tolerated(all.address)) ||
                          (kind_of(readers) == BY_THREAD ? ordered(readers) : all_ordered(readers));
        if (!fine) race(readers, true, cell.read_pc, does, all.address, pc_at(at));
        if (kind_of(mine) == PLAIN) __atomic_store_n(&cell.read, 0, __ATOMIC_RELAXED);
    }
}

static void note_load(const Cell &cell, Word mine, Word fresh, const void *address, const void *pc) {
    const Word write = __atomic_load_n(&cell.write, __ATOMIC_RELAXED);
    if (write >= fresh && bytes_of(write) & bytes_of(mine) && !both_atomic(write, mine) && !ordered(write))
        race(write, false, cell.write_pc, "reads by an atomic", address, pc_at(offset_of(pc)));
}

void look_at_cells(const Region &region, const void *address, std::size_t size, Access access, unsigned kind, const void *pc) {
    const std::size_t begin = static_cast<const char *>(address) - region.begin, end = begin + size;
    const bool shared = &region != &arena_region && &region != &image_region;
    const Word fresh = shared ? view.clock->number << BLOCK_SHIFT : view.fresh;
    if (access != Access::read && access != Access::write && kind != PLAIN) acquire(address);
    for (std::size_t at = begin; at < end;) {
        const std::size_t index = at / 4, next = std::min(end, (index + 1) * 4);
        const unsigned bytes = ((1u << (next - index * 4)) - 1) & ~((1u << (at - index * 4)) - 1);
        Cell &cell = region.cells[index];
        const Word mine = view.word | bytes << BYTES_SHIFT;
        const char *first = region.begin + at;
        if (access == Access::read) note_read(cell, mine, fresh, first, pc);
        else if (access == Access::load) note_load(cell, mine | kind, fresh, first, pc);
        else note_write(cell, mine | kind, fresh, {first, end - at < 16 ? end - at : 16}, pc, !shared && many_workers);
        at = next;
    }
    if (writes(access) && kind != PLAIN && releases()) release(address);
}

// --- the host, and copies

static unsigned bytes_in(std::size_t at, std::size_t next) { return ((1u << (next - at / 4 * 4)) - 1) & ~((1u << (at % 4)) - 1); }

void look_at_host(const Region &region, const void *address, std::size_t size, bool write, const void *pc) {
    const std::size_t begin = static_cast<const char *>(address) - region.begin, end = begin + size;
    for (std::size_t at = begin, next; at < end; at = next) {
        next = std::min(end, (at / 4 + 1) * 4);
        const Cell &cell = region.cells[at / 4];
        const unsigned bytes = bytes_in(at, next);
        if (cell.write && bytes_of(cell.write) & bytes && !known_to_host(block_of(cell.write)))
            race(cell.write, false, cell.write_pc, write ? "the host writes" : "the host reads", region.begin + at, pc_at(offset_of(pc)));
        if (write && cell.read && bytes_of(cell.read) & bytes && !known_to_host(block_of(cell.read)))
            race(cell.read, true, cell.read_pc, "the host writes", region.begin + at, pc_at(offset_of(pc)));
    }
}

void look_at_copy(const Region &region, const void *address, std::size_t size, bool write, std::uint64_t number, bool recorded) {
    const std::size_t begin = static_cast<const char *>(address) - region.begin, end = begin + size;
    const Word mine = number << BLOCK_SHIFT;
    for (std::size_t at = begin, next; at < end; at = next) {
        next = std::min(end, (at / 4 + 1) * 4);
        Cell &cell = region.cells[at / 4];
        const unsigned bytes = bytes_in(at, next);
        if (bytes_of(cell.write) & bytes && !activity_known(block_of(cell.write)))
            race(cell.write, false, cell.write_pc, write ? "a copy writes" : "a copy reads", region.begin + at, nullptr);
        if (write && bytes_of(cell.read) & bytes && !activity_known(block_of(cell.read)))
            race(cell.read, true, cell.read_pc, "a copy writes", region.begin + at, nullptr);
        if (recorded) (write ? cell.write : cell.read) = mine | bytes << BYTES_SHIFT;
    }
}

}  // namespace hpcraft_cuda
