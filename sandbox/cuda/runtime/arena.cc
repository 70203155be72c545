// Device, managed and pinned memory.
//
// One reserved range, given out from its beginning and never twice: what was freed stays without access, so that any later use of
// it faults. An allocation ends (up to 16 bytes) at a page that is never accessible.

#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <new>

#include "runtime.h"

namespace hpcraft_cuda {

namespace {
struct Arena {
    std::recursive_mutex guard;
    char *begin = nullptr, *next = nullptr, *end = nullptr;
    std::map<const char *, Allocation> allocations;  // by their end; freed ones as well
    std::size_t used = 0;
    int open = 0;
};
// Used by constructors and destructors of a program's static objects: it is there before all of them, and for ever.
union Room {
    char empty;
    Arena made;
    constexpr Room() : empty(0) {}
    ~Room() {}
} room_of_arena;
Arena &arena = room_of_arena.made;
[[gnu::constructor(200)]] void make_arena() { new (&room_of_arena.made) Arena; }
// With small pages alone, taking access away from 100 MB and giving it back takes longer than most kernels.
constexpr std::size_t HUGE_PAGE = std::size_t{2} << 20;
constexpr std::size_t LARGEST = std::size_t{4} << 40, SMALLEST = std::size_t{32} << 30;
}  // namespace

static std::size_t page_size() {
    static const std::size_t size = sysconf(_SC_PAGESIZE);
    return size;
}

static bool reserve() {
    for (std::size_t bytes = LARGEST; !arena.begin && bytes >= SMALLEST; bytes /= 2) {
        void *range = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (range == MAP_FAILED) continue;
        arena.begin = arena.next = static_cast<char *>(range);
        arena.end = arena.begin + bytes;
    }
    return arena.begin != nullptr;
}

// Alignment that vector types need, and up to 256 where the size is a multiple of it.
static std::size_t room(std::size_t bytes) { return (bytes + 15) / 16 * 16; }

// What a large allocation leaves free behind it. Arrays of one size would lie at one offset within their pages otherwise, and a processor
// takes a load for one that must wait when a store before it has the same low twelve bits: stencils ran six times slower so.
// With checks, which see every access, and for small arrays the end is exact.
static std::size_t colour(std::size_t bytes) {
    constexpr std::size_t STEP = 256, LEAST = 64 << 10;
    static std::size_t number;
    return checker || bytes < LEAST ? 0 : number++ % (page_size() / STEP) * STEP;
}

// What nobody may touch between two allocations: with checks so much that a wrong index of a row or a plane ends there, too.
static std::size_t space() { return checker ? std::size_t{1} << 20 : page_size(); }

void *arena_allocate(std::size_t bytes, Memory memory) {
    const std::lock_guard lock(arena.guard);
    const std::size_t page = page_size();
    if (bytes > TOTAL_MEMORY || arena.used + bytes > TOTAL_MEMORY || !reserve()) return nullptr;
    const std::size_t gap = colour(bytes), mapped = (room(bytes) + gap + page - 1) / page * page;
    if (static_cast<std::size_t>(arena.end - arena.next) < mapped + space() + page + HUGE_PAGE) return nullptr;
    char *pages = arena.next + space();
    const bool large = mapped >= HUGE_PAGE;
    if (large) pages += -reinterpret_cast<std::uintptr_t>(pages) % HUGE_PAGE;
    const bool accessible = memory != Memory::device || arena.open;
    if (accessible && mprotect(pages, mapped, PROT_READ | PROT_WRITE) != 0) return nullptr;
    if (large) madvise(pages, mapped, MADV_HUGEPAGE);
    arena.next = pages + mapped;
    Allocation made{pages + mapped - gap - room(bytes), bytes, pages, mapped, memory, false};
    arena.allocations[pages + mapped] = made;
    arena.used += bytes;
    if (checker) checker->allocated(made.begin, bytes);
    return made.begin;
}

static Allocation *find(const void *at) {
    const char *address = static_cast<const char *>(at);
    auto above = arena.allocations.upper_bound(address);
    if (above != arena.allocations.end() && address >= above->second.pages) return &above->second;
    // Between two: nearer to the end of the one below, or to the beginning of the one above.
    if (above != arena.allocations.begin()) {
        Allocation *below = &std::prev(above)->second;
        if (above == arena.allocations.end() || address - std::prev(above)->first < above->second.pages - address) return below;
    }
    if (above != arena.allocations.end()) return &above->second;
    return above == arena.allocations.begin() ? nullptr : &std::prev(above)->second;
}

Freed arena_free(void *pointer, Memory memory) {
    const std::lock_guard lock(arena.guard);
    Allocation *found = in_arena(pointer) ? find(pointer) : nullptr;
    if (!found || found->begin != pointer) return Freed::unknown;
    if (found->freed) return Freed::twice;
    const bool pinned = found->memory == Memory::pinned;
    if (pinned != (memory == Memory::pinned)) return Freed::unknown;
    found->freed = true;
    arena.used -= found->size;
    mprotect(found->pages, found->page_bytes, PROT_NONE);
    madvise(found->pages, found->page_bytes, MADV_DONTNEED);
    if (checker) checker->freed(pointer, found->size);
    return Freed::yes;
}

void arena_reset() {
    const std::lock_guard lock(arena.guard);
    for (const auto &[end, allocation] : arena.allocations)
        if (!allocation.freed) arena_free(allocation.begin, allocation.memory == Memory::pinned ? Memory::pinned : Memory::device);
}

bool in_arena(const void *at) { return at >= arena.begin && at < arena.next + space() && arena.begin; }

ArenaRange arena_range() { return {arena.begin, arena.end}; }

const Allocation *arena_find(const void *at) {
    if (!in_arena(at)) return nullptr;
    std::unique_lock lock(arena.guard, std::defer_lock);
    if (!lock.try_lock() && !on_device()) lock.lock();  // a signal's handler on a device thread goes on without
    return find(at);
}

std::size_t arena_used() { return arena.used; }

static void protect(const Allocation &allocation, int access) {
    if (!allocation.freed && allocation.memory == Memory::device) mprotect(allocation.pages, allocation.page_bytes, access);
}

void arena_open() {
    const std::lock_guard lock(arena.guard);
    if (arena.open++) return;
    for (const auto &[end, allocation] : arena.allocations) protect(allocation, PROT_READ | PROT_WRITE);
}

static bool shared;
void share_arena() {
    arena_open();
    shared = true;
}
bool arena_is_shared() { return shared; }

void arena_close() {
    const std::lock_guard lock(arena.guard);
    if (--arena.open) return;
    for (const auto &[end, allocation] : arena.allocations) protect(allocation, PROT_NONE);
}

static const Allocation *open_one(const void *at) {
    const Allocation *found = at && in_arena(at) ? find(at) : nullptr;
    if (!found || arena.open) return nullptr;
    protect(*found, PROT_READ | PROT_WRITE);
    return found;
}

Opened::Opened(const void *first, const void *second) {
    arena.guard.lock();
    allocations_[0] = open_one(first);
    allocations_[1] = open_one(second);
}

Opened::~Opened() {
    for (const Allocation *allocation : allocations_)
        if (allocation) protect(*allocation, PROT_NONE);
    arena.guard.unlock();
}

}  // namespace hpcraft_cuda
