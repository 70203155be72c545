// Launches: what a device refuses, the order of blocks, and the loops of the workers.

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include "cuda_runtime_api.h"
#include "runtime.h"

namespace hpcraft_cuda {

const Launch *running_launch;

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto WORTH_OTHERS = std::chrono::microseconds(20);  // of work alone, before others are woken

struct Grid {
    explicit Grid(const Launch &what) : launch(what) {}
    const Launch &launch;
    std::atomic<std::uint64_t> next{0};
    std::atomic<bool> woken{false};
    std::uint64_t chunk = 1, stride = 1, offset = 0;
    // Cooperative launches only:
    std::mutex guard;
    std::condition_variable passed;
    std::uint64_t generation = 0, arrived = 0, alive = 0;

    std::uint64_t number(std::uint64_t turn) const { return (turn * stride + offset) % launch.num_blocks; }
};

// Seeded orders of blocks: a stride that has no divisor in common with their number reaches all of them.
void shuffle(Grid &grid) {
    const std::uint64_t count = grid.launch.num_blocks, seed = grid.launch.seed;
    if (!seed || count < 3) {
        grid.offset = seed && count > 1 ? seed % count : 0;
        return;
    }
    auto divisor = [](std::uint64_t a, std::uint64_t b) {
        while (b) a = std::exchange(b, a % b);
        return a;
    };
    grid.offset = seed * 7919 % count;
    grid.stride = 1 + seed * 104729 % (count - 1);
    while (divisor(grid.stride, count) != 1) grid.stride = grid.stride % count + 1;
}

void finish(Worker &own, Block *block) {
    if (checker) checker->block_ends(*block);
    own.free_blocks.push_back(block);
}

// One turn for each block that spins: it waits for what another block does.
void turn_over(Worker &own, std::vector<Block *> &spinning) {
    for (std::size_t i = spinning.size(); i-- > 0;) {
        if (go_on(own, *spinning[i])) continue;
        finish(own, spinning[i]);
        spinning[i] = spinning.back();
        spinning.pop_back();
    }
}

void work(void *context) {
    Grid &grid = *static_cast<Grid *>(context);
    const Launch &launch = grid.launch;
    Worker &own = own_worker();
    std::vector<Block *> spinning;
    const auto start = Clock::now();
    for (;;) {
        const std::uint64_t first = grid.next.fetch_add(grid.chunk), last = std::min(first + grid.chunk, launch.num_blocks);
        if (first >= launch.num_blocks) break;
        for (std::uint64_t turn = first; turn < last; ++turn) {
            Block *block = take_block(own);
            begin(*block, launch, grid.number(turn));
            if (checker) checker->block_begins(*block);
            if (go_on(own, *block)) spinning.push_back(block);
            else finish(own, block);
            if (!spinning.empty()) turn_over(own, spinning);
        }
        if (!grid.woken && last < launch.num_blocks && Clock::now() - start > WORTH_OTHERS && !grid.woken.exchange(true)) wake_workers();
    }
    while (!spinning.empty()) {
        sched_yield();
        turn_over(own, spinning);
    }
}

std::vector<Block *> take_share(Grid &grid, Worker &own) {
    std::vector<Block *> blocks;
    const std::uint64_t first = grid.next.fetch_add(grid.chunk), last = std::min(first + grid.chunk, grid.launch.num_blocks);
    for (std::uint64_t turn = first; turn < last; ++turn) {
        Block *block = take_block(own);
        begin(*block, grid.launch, grid.number(turn));
        if (checker) checker->block_begins(*block);
        blocks.push_back(block);
    }
    return blocks;
}

// Lets a block go on, and tells the grid where it stands then. Whether it spins.
bool advance(Grid &grid, Worker &own, Block *block, bool &ended) {
    ended = !go_on(own, *block);
    const std::lock_guard lock(grid.guard);
    if (ended) {
        finish(own, block);
        --grid.alive;
    } else if (!block->spinning) {
        block->generation = grid.generation;
        ++grid.arrived;
    }
    if (grid.alive && grid.arrived == grid.alive) {
        grid.arrived = 0;
        ++grid.generation;
        grid.passed.notify_all();
    }
    return !ended && block->spinning;
}

void run_together(Grid &grid, Worker &own, std::vector<Block *> &blocks) {
    while (!blocks.empty()) {
        bool moved = false, spins = false;
        for (std::size_t i = blocks.size(); i-- > 0;) {
            Block *block = blocks[i];
            if (block->grid.count && !block->spinning) {
                const std::lock_guard lock(grid.guard);
                if (block->generation == grid.generation) continue;
                release_grid(*block);
            }
            moved = true;
            bool ended = false;
            spins |= advance(grid, own, block, ended);
            if (!ended) continue;
            blocks[i] = blocks.back();
            blocks.pop_back();
        }
        if (spins) sched_yield();
        if (moved) continue;
        std::unique_lock lock(grid.guard);
        grid.passed.wait(lock, [&] { return blocks[0]->generation != grid.generation; });
    }
}

// Every block of a cooperative launch is alive from the start, in turns on the worker that took it.
void work_together(void *context) {
    Grid &grid = *static_cast<Grid *>(context);
    Worker &own = own_worker();
    // A worker takes its share at once; one that comes late finds what was left for it.
    for (;;) {
        std::vector<Block *> blocks = take_share(grid, own);
        if (blocks.empty()) return;
        run_together(grid, own, blocks);
    }
}

cudaError_t refusal(const Config &config) {
    const dim3 &grid = config.grid, &block = config.block;
    const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
    if (!grid.x || !grid.y || !grid.z || !threads) return cudaErrorInvalidConfiguration;
    if (block.x > 1024 || block.y > 1024 || block.z > 64 || threads > MAX_THREADS) return cudaErrorInvalidConfiguration;
    if (grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) return cudaErrorInvalidConfiguration;
    if (config.dynamic_bytes > dynamic_limit()) return cudaErrorInvalidValue;
    if (config.cooperative && std::uint64_t{grid.x} * grid.y * grid.z > most_resident_blocks(threads, config.dynamic_bytes))
        return cudaErrorCooperativeLaunchTooLarge;
    return cudaSuccess;
}

std::uint64_t schedule_seed() {
    static const std::uint64_t seed = [] {
        const char *text = std::getenv("HPCRAFT_CUDA_SCHEDULE");
        return text ? std::strtoull(text, nullptr, 10) : 0;
    }();
    return seed;
}

// The launch of a device thread. Its grid runs at once, block after block, on the worker of that thread and below its stack: one of the
// orders that a device may choose, since the thread can't know that its grid has ended before it waits for it.
cudaError_t launch_within(const Launch &launch) {
    // First the other lanes come as far as they can: what they were to write before is there on a device, whose lanes go together.
    active_mask({launch.site.file, launch.site.line});
    Worker &own = *worker;
    const Current outer = current;
    const uint3 thread = threadIdx, index = blockIdx;
    const dim3 size = blockDim, grid = gridDim;
    void *const main_stack_pointer = own.main_stack_pointer;
    Fiber *const running = own.running;
    for (std::uint64_t number = 0; number < launch.num_blocks; ++number) {
        Block *block = take_block(own);
        begin(*block, launch, number);
        while (go_on(own, *block)) sched_yield();
        finish(own, block);
    }
    own.main_stack_pointer = main_stack_pointer;
    own.running = running;
    current = outer;
    threadIdx = thread;
    blockIdx = index;
    blockDim = size;
    gridDim = grid;
    return cudaSuccess;
}

}  // namespace

std::uint64_t value_of_nobody(std::uint64_t own) {
    const std::uint64_t seed = schedule_seed();
    return seed || checker ? ~(seed * 0x0101010101010101u) : own;
}

cudaError_t launch(const Site &site, const Config &config, Kernel kernel) {
    const bool within = on_device();
    if (within && checker) fault(Kind::trap, {site.file, site.line}, "a kernel launches the kernel %s, which no check can follow", site.kernel);
    if (const cudaError_t refused = refusal(config)) return within ? set_error(refused) : refuse_launch(site, refused);
    if (within && config.cooperative) return set_error(cudaErrorNotSupported);
    if (within) return launch_within(Launch{site, config, kernel, std::uint64_t{config.grid.x} * config.grid.y * config.grid.z, schedule_seed(), false});
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    Launch what{site, config, kernel, std::uint64_t{config.grid.x} * config.grid.y * config.grid.z, schedule_seed(), config.cooperative};
    Grid grid(what);
    grid.chunk = std::clamp<std::uint64_t>(what.num_blocks / (num_workers() * 8), 1, 64);
    if (what.cooperative) grid.chunk = (what.num_blocks + num_workers() - 1) / num_workers();
    grid.alive = what.num_blocks;
    shuffle(grid);
    running_launch = &what;
    arena_open();
    if (checker) checker->launch_begins(what);
    on_workers(what.cooperative ? work_together : work, &grid, what.cooperative);
    if (checker) checker->launch_ends(what);
    arena_close();
    running_launch = nullptr;
    return cudaSuccess;
}

}  // namespace hpcraft_cuda
