// Where an access goes: allocations, shared variables, symbols, stacks, and what a device can't reach.

#include <link.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "check.h"

namespace hpcraft_cuda {

Region arena_region, image_region;
bool many_workers;

namespace {
struct Range {
    const char *begin = nullptr, *end = nullptr;
    bool holds(const void *at, std::size_t size) const { return at >= begin && static_cast<const char *>(at) + size <= end; }
};
thread_local Range known_allocation[2], known_symbol[2];
thread_local unsigned next_known, next_symbol;

struct Image {
    Range all, writable, relocated;  // the last: constants that hold addresses
};
Image image;

const char *verb(Access access) { return access == Access::read || access == Access::load ? "reads" : writes(access) && reads(access) ? "updates" : "writes"; }

void *map(std::size_t bytes) {
    void *got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got == MAP_FAILED) fault(Kind::trap, {nullptr, 0}, "no address space for the checks");
    return got;
}
}  // namespace

static int find_image(dl_phdr_info *info, std::size_t, void *) {
    program_base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto &part = info->dlpi_phdr[i];
        const auto *begin = reinterpret_cast<const char *>(info->dlpi_addr + part.p_vaddr), *end = begin + part.p_memsz;
        if (part.p_type == PT_GNU_RELRO) image.relocated = {begin, end};
        if (part.p_type != PT_LOAD) continue;
        if (!image.all.begin) image.all.begin = begin;
        image.all.end = end;
        if (part.p_flags & PF_W) image.writable = {begin, end};
    }
    return 1;  // the program comes first
}

static int find_thread_locals(dl_phdr_info *info, std::size_t, void *) {
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto &part = info->dlpi_phdr[i];
        if (part.p_type != PT_TLS || !info->dlpi_tls_data) continue;
        const auto *begin = static_cast<const char *>(info->dlpi_tls_data);
        own_variables = {begin, part.p_memsz};
    }
    return 1;
}

void reserve_regions() {
    if (!image_region.begin) {
        dl_iterate_phdr(find_image, nullptr);
        image_region.begin = const_cast<char *>(image.writable.begin);
        image_region.bytes = image.writable.end - image.writable.begin;
        image_region.cells = static_cast<Cell *>(map((image_region.bytes / 4 + 2) * sizeof(Cell)));
    }
    if (arena_region.begin) return;
    const ArenaRange range = arena_range();
    if (!range.begin) return;
    arena_region.bytes = range.end - range.begin;
    arena_region.written = static_cast<std::uint8_t *>(map(arena_region.bytes / 8 + 8));
    arena_region.cells = static_cast<Cell *>(map((arena_region.bytes / 4 + 1) * sizeof(Cell)));
    arena_region.begin = range.begin;
}

void set_written(const Region &region, const void *address, std::size_t size, bool value) {
    std::size_t at = static_cast<const char *>(address) - region.begin;
    const std::size_t end = at + size;
    auto some = [&](std::size_t byte, unsigned mask) {
        if (value) __atomic_fetch_or(&region.written[byte], mask, __ATOMIC_RELAXED);
        else __atomic_fetch_and(&region.written[byte], ~mask, __ATOMIC_RELAXED);
    };
    if (at / 8 == end / 8) return some(at / 8, (1u << end % 8) - (1u << at % 8));
    if (at % 8) some(at / 8, 0x100u - (1u << at % 8)), at += 8 - at % 8;
    std::memset(region.written + at / 8, value ? 0xff : 0, end / 8 - at / 8);
    if (end % 8) some(end / 8, (1u << end % 8) - 1);
}

bool any_written(const Region &region, const void *address, std::size_t size) {
    std::size_t at = static_cast<const char *>(address) - region.begin;
    for (const std::size_t end = at + size; at < end;) {
        if (at % 8 == 0 && end - at >= 8 && !region.written[at / 8]) {
            at += 8;
            continue;
        }
        if (region.written[at / 8] >> at % 8 & 1) return true;
        ++at;
    }
    return false;
}

#ifdef HPCRAFT_CUDA_RACES
constexpr unsigned MOST_UNDEFINED = 100'000;  // reads, while it isn't known yet whether a race explains the first
#endif

static const void *call_of(const void *pc) { return static_cast<const char *>(pc) - 1; }

// What has no value yet is often what another thread is about to write: where races are looked for, the race is what is told.
[[gnu::noinline]] static void undefined(const void *address, std::size_t size, const void *begin, const char *what, const void *pc) {
    char text[300];
    std::snprintf(text, sizeof text, "reads %zu bytes that nobody has written, at byte %td of %s", size,
                  static_cast<const char *>(address) - static_cast<const char *>(begin), what);
#ifdef HPCRAFT_CUDA_RACES
    static std::atomic<unsigned> reads{0};
    suspend_fault(Kind::uninitialised, call_of(pc), text);
    if (++reads > MOST_UNDEFINED) settle_fault();
#else
    fault_at(Kind::uninitialised, call_of(pc), text);
#endif
}

[[noreturn, gnu::noinline]] static void outside(Kind kind, const void *address, std::size_t size, Access access, const char *begin,
                                                const char *what, const void *pc) {
    char text[300];
    std::snprintf(text, sizeof text, "%s %zu bytes at byte %td of %s", verb(access), size, static_cast<const char *>(address) - begin, what);
    fault_at(kind, call_of(pc), text);
}

// Bytes of an allocation that not all were written: a store, a mistake, or memory that the host writes as well.
static void look_at_allocation(const void *address, std::size_t size, Access access, const void *pc) {
    if (writes(access) && !reads(access))
        for (const Range &known : known_allocation)
            if (known.holds(address, size)) return set_written(arena_region, address, size, true);
    const Allocation *found = arena_find(address);
    if (!found) outside(Kind::out_of_bounds, address, size, access, nullptr, "no memory of the device", pc);
    char what[80];
    const char *kind = found->memory == Memory::managed ? "managed" : found->memory == Memory::pinned ? "pinned" : "device";
    const Range range{found->begin, found->begin + found->size};
    std::snprintf(what, sizeof what, "%zu bytes of %s memory%s", found->size, kind, found->freed ? " that were freed" : "");
    if (found->freed) outside(Kind::use_after_free, address, size, access, range.begin, what, pc);
    if (!range.holds(address, size)) outside(Kind::out_of_bounds, address, size, access, range.begin, what, pc);
    const bool host_writes = found->memory != Memory::device;
    if (reads(access) && !host_writes && !any_written(arena_region, address, size)) return undefined(address, size, range.begin, what, pc);
    if (writes(access) || host_writes) {
        set_written(arena_region, address, size, true);
        known_allocation[next_known++ % 2] = range;
    }
}

static void look_at_shared(const Region &region, const void *address, std::size_t size, Access access, const void *pc) {
    const Block &block = *current.block;
    Range range{current.dynamic, current.dynamic + current.dynamic_bytes};
    const char *name = nullptr;
    if (!range.holds(address, size)) {
        std::size_t nearest = ~std::size_t{0};
        for (const Block::Variable &variable : block.variables) {
            const auto *begin = static_cast<const char *>(variable.address), *at = static_cast<const char *>(address);
            const std::size_t distance = at < begin ? begin - at : at < begin + variable.size ? 0 : at - (begin + variable.size) + 1;
            if (distance >= nearest) continue;
            nearest = distance;
            range = {begin, begin + variable.size};
            name = variable.name;
        }
        if (static_cast<const char *>(address) >= current.dynamic - 16) range = {current.dynamic, current.dynamic + current.dynamic_bytes}, name = nullptr;
    }
    char what[120];
    const std::size_t bytes = range.end - range.begin;
    if (range.holds(address, size) && writes(access) && !reads(access)) return set_written(region, address, size, true);
    if (name) std::snprintf(what, sizeof what, "the %zu bytes of the shared variable %s", bytes, name);
    else std::snprintf(what, sizeof what, "%zu bytes of dynamic shared memory", bytes);
    if (!range.holds(address, size)) outside(Kind::out_of_bounds, address, size, access, range.begin, what, pc);
    if (reads(access) && !any_written(region, address, size)) return undefined(address, size, range.begin, what, pc);
    if (writes(access)) set_written(region, address, size, true);
}

void look_closely(const Region &region, const void *address, std::size_t size, Access access, const void *pc) {
    if (&region == &arena_region) look_at_allocation(address, size, access, pc);
    else look_at_shared(region, address, size, access, pc);
}

// --- neither arena nor shared

// Whether a variable of the program is one that device code may touch without a qualifier: a static of a function, a table of types.
static bool allowed_name(const char *name) {
    return std::strncmp(name, "_ZZ", 3) == 0 || std::strncmp(name, "_ZGV", 4) == 0 || std::strncmp(name, "_ZT", 3) == 0 ||
           std::strncmp(name, "_ZN12hpcraft_cuda", 17) == 0 || std::strchr(name, '.');
}

static bool look_at_global(const void *address, std::size_t size, Access access, const void *pc) {
    for (const Range &known : known_symbol)
        if (known.holds(address, size)) return true;
    if (!image.writable.holds(address, 1)) return false;  // constants
    if (const Symbol *symbol = find_symbol(address)) {
        const auto *begin = static_cast<const char *>(symbol->address);
        const Range range{begin, begin + symbol->size};
        char what[200];
        std::snprintf(what, sizeof what, "the %zu bytes of the variable %s", symbol->size, symbol->name);
        if (!range.holds(address, size)) outside(Kind::out_of_bounds, address, size, access, begin, what, pc);
        known_symbol[next_symbol++ % 2] = range;
        return true;
    }
    if (image.relocated.holds(address, 1)) return false;
    const Named variable = name_at(address, false);
    if (allowed_name(variable.name)) {
        known_symbol[next_symbol++ % 2] = {variable.begin, variable.end};
        return true;
    }
    char what[200];
    // Between variables, or in one of the runtime's: whatever of the device lies before it was left.
    if (!*variable.name || std::strstr(variable.name, "hpcraft_")) {
        const Symbol *before = nullptr;
        for (std::size_t back = 1; !before && back < 4096; ++back) before = find_symbol(static_cast<const char *>(address) - back);
        if (!before) outside(Kind::out_of_bounds, address, size, access, nullptr, "no variable", pc);
        std::snprintf(what, sizeof what, "the %zu bytes of the variable %s", before->size, before->name);
        outside(Kind::out_of_bounds, address, size, access, static_cast<const char *>(before->address), what, pc);
    }
    std::snprintf(what, sizeof what, "the variable %s of the host", variable.name);
    outside(Kind::device_access, address, size, access, variable.begin, what, pc);
}

// What /proc/self/maps says: memory that belongs to a library's file is its constants and tables; a shared file is the host's.
static bool of_library(const void *address, bool &mapped) {
    std::FILE *maps = std::fopen("/proc/self/maps", "re");
    if (!maps) return mapped = true;
    bool found = false;
    char line[400];
    mapped = false;
    while (!mapped && std::fgets(line, sizeof line, maps)) {
        std::uintptr_t begin = 0, end = 0;
        int at = 0;
        char how[8] = "";
        if (std::sscanf(line, "%zx-%zx %7s %*s %*s %*s %n", &begin, &end, how, &at) != 3) continue;
        const auto value = reinterpret_cast<std::uintptr_t>(address);
        mapped = value >= begin && value < end;
        found = mapped && line[at] == '/' && how[3] == 'p';
        if (mapped && std::strstr(line, " ---p ")) return mapped = false;
    }
    std::fclose(maps);
    return found;
}

static bool of_runtime(const void *address) {
    const auto *at = static_cast<const char *>(address);
    const Block &block = *current.block;
    const Kernel &kernel = block.launch->kernel;
    auto in = [&](const void *begin, std::size_t bytes) { return static_cast<std::size_t>(at - static_cast<const char *>(begin)) < bytes; };
    return in(kernel.context, kernel.bytes) || in(&block, sizeof block) || in(block.warps.data(), block.warps.size() * sizeof(Warp)) ||
           in(worker, sizeof *worker) || in(block.launch, sizeof(Launch));
}

namespace {
constexpr std::size_t HEAP_MARGIN = 16;

struct Heap {
    struct Piece {
        std::size_t bytes = 0;
        bool freed = false;
    };
    std::mutex guard;
    std::map<const char *, Piece> blocks;
    std::atomic<bool> any{false};
};
}  // namespace

static Heap &heap() {
    static Heap &made = *new (std::malloc(sizeof(Heap))) Heap;
    return made;
}

void *allocate_on_heap(std::size_t bytes) {
    void *got = std::malloc(bytes);
    static thread_local bool inside;  // the map allocates as well
    if (!got || inside || !on_device()) return got;
    inside = true;
    {
        const std::lock_guard lock(heap().guard);
        heap().blocks[static_cast<const char *>(got)] = {bytes, false};
        heap().any = true;
    }
    inside = false;
    return got;
}

void free_on_heap(void *begin) {
    if (heap().any && begin) {
        const std::lock_guard lock(heap().guard);
        const auto found = heap().blocks.find(static_cast<const char *>(begin));
        // Kept until the guard is free again: erasing frees as well.
        if (found != heap().blocks.end()) found->second.freed = true;
    }
    std::free(begin);
}

static bool of_device_heap(const void *address, std::size_t size, Access access, const void *pc) {
    if (!heap().any) return false;
    const auto *at = static_cast<const char *>(address);
    heap().guard.lock();
    const auto after = heap().blocks.upper_bound(at);
    const bool none = after == heap().blocks.begin();
    const Heap::Piece piece = none ? Heap::Piece{} : std::prev(after)->second;
    const char *begin = none ? at : std::prev(after)->first;
    heap().guard.unlock();
    if (none) return false;
    if (!piece.freed && at + size <= begin + piece.bytes) return true;
    if (at >= begin + piece.bytes + HEAP_MARGIN) return false;
    char what[100];
    std::snprintf(what, sizeof what, "%zu bytes that device code allocated%s", piece.bytes, piece.freed ? " and freed" : "");
    outside(piece.freed ? Kind::use_after_free : Kind::out_of_bounds, address, size, access, begin, what, pc);
}

bool look_elsewhere(const void *address, std::size_t size, Access access, const void *pc) {
    const auto *at = static_cast<const char *>(address);
    if (!own_variables.begin) {
        dl_iterate_phdr(find_thread_locals, nullptr);
        if (static_cast<std::size_t>(at - own_variables.begin) < own_variables.bytes) return false;
    }
    if (image.all.holds(address, 1)) return look_at_global(address, size, access, pc);
    if (of_runtime(address)) return false;
    if (of_device_heap(address, size, access, pc)) return false;
    bool mapped;
    if (of_library(address, mapped) || !mapped || is_registered(address)) return false;  // where nothing is the signal tells more
    char text[200];
    std::snprintf(text, sizeof text, "%s %zu bytes at %p, which is memory of the host", verb(access), size, address);
    fault_at(Kind::device_access, call_of(pc), text);
}

}  // namespace hpcraft_cuda
