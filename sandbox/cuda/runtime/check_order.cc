// What comes before what: the clocks of blocks, and what atomics behind fences order.

#include <sys/mman.h>

#include <algorithm>
#include <mutex>

#include "check.h"

namespace hpcraft_cuda {

namespace {
struct Release {
    std::uint32_t version, thread, fence, base, warp_base, block_fence;  // the last for readers of the same block
};
struct Behind {
    std::uint32_t version;
    Acquired what;
};
}  // namespace

struct Sync {
    std::uint32_t version = 0;
    std::unordered_map<std::uint64_t, std::vector<Release>> of_block;
    std::vector<Behind> behind;  // what those who released knew themselves
};

namespace {
struct Syncs {
    std::mutex guard;
    std::unordered_map<const volatile void *, Sync> at;
    std::atomic<bool> any{false};
};
Syncs &syncs = *new Syncs;
constexpr unsigned DEEPEST = 16;  // further back everything counts as ordered

std::atomic<std::uint64_t> next_number{1};
std::atomic<std::uint64_t> first_fresh{1};  // number of a block: smaller ones come before
std::uint64_t first_own = 1;                   // of the running launch
std::atomic<std::uint64_t> first_of_phase{1};  // of its grid
std::mutex phase_guard;
std::uint64_t last_phase;

std::uint32_t *linear_numbers() {
    static auto *table = static_cast<std::uint32_t *>(mmap(nullptr, (LAST_BLOCK + 1) * sizeof(std::uint32_t), PROT_READ | PROT_WRITE,
                                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    return table;
}
}  // namespace

static std::uint64_t new_block_number(std::uint64_t linear) {
    const std::uint64_t number = next_number.fetch_add(1, std::memory_order_relaxed) & LAST_BLOCK;
    if (linear_numbers() != MAP_FAILED) linear_numbers()[number] = static_cast<std::uint32_t>(linear);
    return number;
}

std::uint64_t linear_of(std::uint64_t block_number) { return linear_numbers() == MAP_FAILED ? 0 : linear_numbers()[block_number]; }

// True when numbers have become so large that all cells must be forgotten.
static bool start_over() {
    if (next_number < LAST_BLOCK / 2) return false;
    next_number = 1;
    return true;
}

static void forget_cells(const Region &region) {
    if (region.cells) madvise(region.cells, (region.bytes / 4 + 1) * sizeof(Cell), MADV_DONTNEED);
}

void forget_order(const Launch &launch) {
    if (syncs.any) {
        const std::lock_guard lock(syncs.guard);
        syncs.at.clear();
        syncs.any = false;
    }
    if (start_over()) forget_cells(arena_region), forget_cells(image_region), streams_start_over();
    first_own = first_of_phase = next_number.load();
    first_fresh = activity_begins(launch.config.stream, {first_own, 0, 0, launch.site.kernel, launch.config.grid, launch.config.block, {}});
    last_phase = 0;
}

void end_order(const Launch &launch) { activity_ends(launch.config.stream, next_number - 1); }

static thread_local std::uint64_t oldest_for_copy;

std::uint64_t copy_begins_order(const void *stream) {
    if (start_over()) forget_cells(arena_region), forget_cells(image_region), streams_start_over();
    const std::uint64_t number = new_block_number(0);
    oldest_for_copy = activity_begins(stream, {number, 0, 0, nullptr, {}, {}, trace(nullptr)});
    activity_ends(stream, number);
    return number;
}

std::uint64_t oldest_unordered() { return oldest_for_copy; }

// Of an earlier launch or phase of the grid; `ordered` says whether it comes before.
static bool of_earlier(Word word, bool &ordered) {
    const std::uint64_t block = block_of(word);
    if (block >= first_of_phase) return false;
    ordered = block >= first_own || activity_known(block);
    return true;
}

void refresh() {
    Clock &clock = *view.clock;
    view.current = true;
    const unsigned thread = linear_thread();
    view.thread = thread;
    std::uint32_t time = clock.base;
    view.base = view.warp_base = clock.base;
    if (clock.lanes_used) {
        time = std::max(time, clock.lane_time[thread]);
        view.warp_base = std::max(clock.base, clock.warp_base[thread / WARP]);
    }
    view.word = clock.number << BLOCK_SHIFT | Word{thread} << THREAD_SHIFT | Word{std::min(time, LAST_TIME)} << TIME_SHIFT;
    view.fresh = first_fresh.load(std::memory_order_relaxed) << BLOCK_SHIFT;
}

static bool knows(const std::vector<Acquired> &acquired, Word earlier, unsigned depth);

static bool knows(const Acquired &from, Word earlier, unsigned depth) {
    if (depth == DEEPEST) return true;
    const auto found = from.sync->of_block.find(block_of(earlier));
    if (found != from.sync->of_block.end()) {
        for (const Release &release : found->second) {
            if (release.version > from.version) break;
            if (time_of(earlier) < release.base) return true;
            const std::uint32_t fence = same_block(earlier, view.word) ? release.block_fence : release.fence;
            if (thread_of(earlier) == release.thread && time_of(earlier) < fence) return true;
            if (thread_of(earlier) / WARP == release.thread / WARP && time_of(earlier) < release.warp_base) return true;
        }
    }
    for (const Behind &behind : from.sync->behind)
        if (behind.version <= from.version && behind.what.sync != from.sync && knows(behind.what, earlier, depth + 1)) return true;
    return false;
}

static bool knows(const std::vector<Acquired> &acquired, Word earlier, unsigned depth) {
    return std::any_of(acquired.begin(), acquired.end(), [&](const Acquired &from) { return knows(from, earlier, depth); });
}

static const std::vector<Acquired> *own_acquired(const Clock &clock) {
    const auto found = clock.acquired_by.find(view.thread);
    return found == clock.acquired_by.end() ? nullptr : &found->second;
}

static bool acquired_after(Word earlier) {
    const Clock &clock = *view.clock;
    const std::vector<Acquired> *own = own_acquired(clock);
    if (clock.acquired.empty() && !own) return false;
    const std::lock_guard lock(syncs.guard);
    return knows(clock.acquired, earlier, 0) || (own && knows(*own, earlier, 0));
}

static std::uint32_t met_until(const Clock &clock, unsigned thread, unsigned other) {
    const auto &met = clock.met[thread / WARP];
    return met.empty() ? 0 : met[thread % WARP * WARP + other % WARP];
}

bool ordered(Word earlier) {
    if (same_thread(earlier, view.word)) return true;
    if (bool before; of_earlier(earlier, before)) return before;
    if (same_block(earlier, view.word)) {
        const std::uint32_t time = time_of(earlier);
        if (time < view.base || time >= LAST_TIME - 1) return true;  // a clock at its end tells nothing
        if (same_warp(earlier, view.word)) {
            if (time < view.warp_base) return true;
            if (time < met_until(*view.clock, view.thread, thread_of(earlier))) return true;
        }
    }
    return acquired_after(earlier);
}

// Who read is no longer known thread by thread: what was acquired from others counts as enough.
bool all_ordered(Word readers) {
    if (bool before; of_earlier(readers, before)) return before;
    const Clock &clock = *view.clock;
    const std::uint32_t time = time_of(readers);
    if (same_block(readers, view.word) && kind_of(readers) != BY_GRID) {
        if (time < view.base || time >= LAST_TIME - 1) return true;
        if (kind_of(readers) == BY_WARP && same_warp(readers, view.word)) {
            if (time < view.warp_base) return true;
            const auto &met = clock.met[view.thread / WARP];
            const auto row = met.begin() + view.thread % WARP * WARP;
            if (!met.empty() && std::count_if(row, row + WARP, [&](std::uint32_t until) { return time < until; }) > 1) return true;
        }
    }
    return !clock.acquired.empty() || own_acquired(clock);
}

static std::uint32_t tick(Clock &clock) {
    if (!clock.lanes_used) {
        clock.lanes_used = true;
        std::fill(std::begin(clock.lane_time), std::end(clock.lane_time), 0);
        std::fill(std::begin(clock.fence), std::end(clock.fence), 0);
        std::fill(std::begin(clock.block_fence), std::end(clock.block_fence), 0);
        std::fill(std::begin(clock.warp_base), std::end(clock.warp_base), 0);
        for (auto &met : clock.met) met.clear();
    }
    return ++clock.time;
}

void fence(bool of_block) {
    look_at_thread();
    Clock &clock = *view.clock;
    clock.lane_time[view.thread] = clock.block_fence[view.thread] = tick(clock);
    if (!of_block) clock.fence[view.thread] = clock.block_fence[view.thread];
    forget_thread();
}

// Whether an atomic of this thread tells others what it did: not without a fence before it.
bool releases() { return view.clock->lanes_used && view.clock->block_fence[view.thread]; }

static void learn(std::vector<Acquired> &known, Acquired what) {
    for (Acquired &old : known)
        if (old.sync == what.sync) return void(old.version = std::max(old.version, what.version));
    known.push_back(what);
}

void acquire(const volatile void *address) {
    if (!syncs.any.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(syncs.guard);
    const auto found = syncs.at.find(address);
    if (found != syncs.at.end()) learn(view.clock->acquired_by[view.thread], {&found->second, found->second.version});
}

void release(const volatile void *address) {
    const Clock &clock = *view.clock;
    const std::lock_guard lock(syncs.guard);
    Sync &sync = syncs.at[address];
    const std::uint32_t version = ++sync.version;
    const std::uint32_t fence = clock.fence[view.thread];
    sync.of_block[clock.number].push_back(
        {version, view.thread, fence, fence ? view.base : 0, fence ? view.warp_base : 0, clock.block_fence[view.thread]});
    for (const Acquired &known : clock.acquired)
        if (known.sync != &sync) sync.behind.push_back({version, known});
    if (const auto *own = own_acquired(clock))
        for (const Acquired &known : *own)
            if (known.sync != &sync) sync.behind.push_back({version, known});
    syncs.any.store(true, std::memory_order_release);
}

// --- what the runtime tells

static thread_local std::unordered_map<Block *, Clock *> clocks;

static Region shared_region(Block &block) {
    const auto map = [](std::size_t bytes) {
        void *got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (got == MAP_FAILED) fault(Kind::trap, {nullptr, 0}, "no memory for the checks");
        return got;
    };
    auto *written = static_cast<std::uint8_t *>(map(SHARED_CAPACITY / 8 + 8));
    return {block.shared, SHARED_CAPACITY, written, static_cast<Cell *>(map((SHARED_CAPACITY / 4 + 1) * sizeof(Cell)))};
}

Clock &clock_of(Block &block) {
    static thread_local Block *last;  // most calls are about one block
    static thread_local Clock *its;
    if (&block == last) return *its;
    Clock *&clock = clocks[&block];
    if (!clock) {
        clock = new Clock;
        clock->shared = shared_region(block);
    }
    last = &block;
    its = clock;
    return *clock;
}

void order_begins(Block &block) {
    Clock &clock = clock_of(block);
    const std::uint64_t number = new_block_number(block.number);
    if (number < clock.number) forget_cells(clock.shared);
    clock.number = number;
    clock.time = clock.base = 0;
    clock.lanes_used = clock.any_left = false;
    clock.acquired.clear();
    clock.acquired_by.clear();
    clock.phase = 0;
}

void order_at_barrier(Block &block) {
    Clock &clock = clock_of(block);
    clock.base = ++clock.time;
    if (clock.time > LAST_TIME / 2) {
        // What this block did so far comes before; a new number tells that without large times.
        clock.number = new_block_number(block.number);
        clock.time = clock.base = 0;
        clock.lanes_used = false;
    }
    for (const auto &[thread, known] : clock.acquired_by)
        for (const Acquired &what : known) learn(clock.acquired, what);
    clock.acquired_by.clear();
}

static void share_acquired(Clock &clock, unsigned first, unsigned mask) {
    std::vector<Acquired> together;
    for (unsigned rest = mask; rest; rest &= rest - 1) {
        const auto found = clock.acquired_by.find(first + __builtin_ctz(rest));
        if (found == clock.acquired_by.end()) continue;
        for (const Acquired &what : found->second) learn(together, what);
    }
    if (together.empty()) return;
    for (unsigned rest = mask; rest; rest &= rest - 1) clock.acquired_by[first + __builtin_ctz(rest)] = together;
}

static void meet_partly(Clock &clock, unsigned warp, unsigned mask, std::uint32_t now) {
    auto &met = clock.met[warp];
    if (met.empty()) met.assign(WARP * WARP, 0);
    std::uint32_t together[WARP] = {};
    for (unsigned rest = mask; rest; rest &= rest - 1) {
        const std::uint32_t *row = &met[__builtin_ctz(rest) * WARP];
        for (unsigned lane = 0; lane < WARP; ++lane) together[lane] = std::max(together[lane], row[lane]);
    }
    for (unsigned rest = mask; rest; rest &= rest - 1) together[__builtin_ctz(rest)] = now;
    for (unsigned rest = mask; rest; rest &= rest - 1) std::copy(together, together + WARP, &met[__builtin_ctz(rest) * WARP]);
}

void order_of_lanes(Block &block, unsigned warp, unsigned mask) {
    Clock &clock = clock_of(block);
    const std::uint32_t now = tick(clock);
    const unsigned first = warp * WARP;
    if ((block.warps[warp].live & ~mask) == 0) clock.warp_base[warp] = now;
    else meet_partly(clock, warp, mask, now);
    for (unsigned rest = mask; rest; rest &= rest - 1) clock.lane_time[first + __builtin_ctz(rest)] = now;
    if (!clock.acquired_by.empty()) share_acquired(clock, first, mask);
}

// All blocks of the grid have come together: what they did has smaller numbers than what they do now.
void order_of_grid(Block &block) {
    Clock &clock = clock_of(block);
    const std::lock_guard lock(phase_guard);
    if (++clock.phase > last_phase) {
        last_phase = clock.phase;
        if (first_fresh >= first_own) first_fresh = next_number.load();
        first_of_phase = next_number.load();
    }
    clock.number = new_block_number(block.number);
    clock.time = clock.base = 0;
    clock.lanes_used = false;
}

}  // namespace hpcraft_cuda
