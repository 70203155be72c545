// One block: its threads are started one after another on one fiber, wait on stacks of their own, and go on in turn.

#include <algorithm>
#include <cstring>
#include <utility>

#include "waiting.h"

namespace hpcraft_cuda {

HPCRAFT_CUDA_CONSTINIT thread_local Worker *worker = nullptr;
Checker *checker;

// A worker takes many at once: an update that all of them share would also wait for what the last block wrote.
static std::uint64_t fresh_epoch() {
    constexpr std::uint64_t AT_ONCE = 1 << 16;
    static std::atomic<std::uint64_t> unused{AT_ONCE};
    static thread_local std::uint64_t next, last;
    if (next == last) last = (next = unused.fetch_add(AT_ONCE, std::memory_order_relaxed)) + AT_ONCE;
    return next++;
}

// The stack pointers of fibers that never ran on or that ended are of no use to anyone.
static thread_local void *left;

// --- starting and ending

static unsigned at_turn(const Block &block, unsigned turn) { return block.order ? block.order[turn] : turn; }

// From the first wait on every end counts. Those that were started before have ended, but for the running one.
void begin_waiting_now(Block &block) {
    block.waited = true;
    if (!block.order) block.next = linear_thread() + 1;  // the loop over threads doesn't tell its turns
    block.live = block.num_threads;
    const unsigned num_warps = (block.num_threads + WARP - 1) / WARP;
    if (block.threads.size() < block.num_threads) block.threads.resize(block.num_threads);
    if (block.warps.size() < num_warps) block.warps.resize(num_warps);
    for (unsigned w = 0; w < num_warps; ++w) {
        const unsigned lanes = std::min(WARP, block.num_threads - w * WARP);
        block.warps[w].live = lanes == WARP ? ~0u : (1u << lanes) - 1;
        block.warps[w].groups.clear();
    }
    const unsigned running = linear_thread();
    for (unsigned turn = 0; turn < block.next; ++turn) {
        const unsigned thread = at_turn(block, turn);
        if (thread == running) continue;
        block.warps[thread / WARP].live &= ~(1u << thread % WARP);
        --block.live;
    }
}

Turn take_thread() {
    Block &block = *current.block;
    if (block.next == block.num_threads) return {0, false};
    const unsigned thread = at_turn(block, block.next++);
    if (checker) checker->thread_runs(block, thread);
    return {thread, true};
}

Progress progress() {
    Block &block = *current.block;
    if (block.order) begin_waiting(block);  // the loop over threads knows no order but the natural one
    return {&block.next, &block.waited, block.num_threads};
}

// Lanes that asked at one line go on together, with each other as their mask.
void release_active(Block &block, unsigned warp) {
    Warp &lanes = block.warps[warp];
    const Thread *first = &block.threads[warp * WARP];
    for (unsigned rest = lanes.active; rest;) {
        const Where where = first[__builtin_ctz(rest)].where;
        unsigned together = 0;
        for (unsigned other = rest; other; other &= other - 1)
            if (same_place(where, first[__builtin_ctz(other)].where)) together |= other & -other;
        for (unsigned other = together; other; other &= other - 1) lanes.out[__builtin_ctz(other)] = together;
        wake_lanes(block, warp, together);
        rest &= ~together;
    }
    lanes.active = 0;
}

static bool release_all_active(Block &block) {
    bool any = false;
    for (unsigned warp = 0; warp * WARP < block.num_threads; ++warp)
        if (block.warps[warp].active) release_active(block, warp), any = true;
    return any;
}

Turn end_thread() {
    Block &block = *current.block;
    begin_waiting(block);
    const unsigned ended = linear_thread(), warp = ended / WARP;
    Warp &lanes = block.warps[warp];
    lanes.live &= ~(1u << ended % WARP);
    --block.live;
    for (std::size_t i = lanes.groups.size(); i-- > 0;) {
        Group &group = lanes.groups[i];
        if ((group.mask & lanes.live) != group.arrived) continue;
        complete_group(block, warp, group);
        wake_lanes(block, warp, group.arrived);
        drop_group(lanes, group);
    }
    if (lanes.active && lanes.active == lanes.live) release_active(block, warp);
    if (block.barrier.count && block.barrier.count == block.live) complete_barrier(block);
    // Those that wait in the block come first: so a warp that only talks to itself keeps few stacks.
    if (block.ready.first) return {0, false};
    return take_thread();
}

// --- the loop over threads of checked programs

static bool take_turn(Turn turn) {
    if (turn.any) set_thread(turn.thread);
    return turn.any;
}

bool first_turn() {
    if (!take_turn(take_thread())) return false;
    if (current.block->order) begin_waiting(*current.block);
    return true;
}

bool next_turn() {
    Block &block = *current.block;
    if (checker) checker->thread_ends(block);
    if (block.waited) return take_turn(end_thread());
    if (block.next == block.num_threads) return false;
    ++block.next;
    if (++threadIdx.x == blockDim.x) {
        threadIdx.x = 0;
        if (++threadIdx.y == blockDim.y) threadIdx.y = 0, ++threadIdx.z;
    }
    return true;
}

// --- going from one thread to the next

// A new fiber begins here, and one whose thread has ended and that finds none to start ends here.
static void run_fiber();

void *next_stack_slowly(Block &block) {
    Worker &own = *worker;
    const bool fresh_first = std::exchange(block.spins, false) && block.next < block.num_threads;
    for (;;) {
        if (block.spinning) return own.main_stack_pointer;
        if (block.ready.first && !fresh_first) {
            Thread *thread = pop(block.ready);
            own.running = thread->fiber;
            return thread->fiber->stack_pointer;
        }
        if (block.next < block.num_threads) {
            own.running = take_fiber(own);
            prepare(*own.running, run_fiber);
            return own.running->stack_pointer;
        }
        if (block.waited && release_all_active(block)) continue;
        if (!block.waited || block.live == 0 || block.grid.count == block.live) return own.main_stack_pointer;
        deadlock(block);
    }
}

static void run_fiber() {
    Block &block = *current.block;
    block.launch->kernel.run_threads(block.launch->kernel.context);
    give_fiber(*worker, worker->running);
    switch_to(left, next_stack(block));
    __builtin_unreachable();
}

// --- blocks

static void shuffle(std::vector<unsigned> &order, unsigned count, std::uint64_t seed) {
    order.resize(count);
    for (unsigned i = 0; i < count; ++i) order[i] = i;
    for (unsigned i = count; i > 1; --i) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        std::swap(order[i - 1], order[(seed >> 33) % i]);
    }
}

void begin(Block &block, const Launch &launch, std::uint64_t number) {
    const dim3 &grid = launch.config.grid, &size = launch.config.block;
    block.launch = &launch;
    block.number = number;
    block.index = number < grid.x ? dim3(number, 0, 0) : dim3(number % grid.x, number / grid.x % grid.y, number / grid.x / grid.y);
    block.epoch = fresh_epoch();
    block.num_threads = size.x * size.y * size.z;
    block.next = block.live = 0;
    block.waited = block.spinning = block.spins = false;
    block.spun = 0;
    block.ready = block.barrier = block.grid = Waiters{};
    block.barriers = 0;
    block.shared_used = 0;
    block.variables.clear();
    block.order = nullptr;
    if (launch.seed) {
        shuffle(block.shuffled, block.num_threads, launch.seed * 0x9e3779b97f4a7c15u + number);
        block.order = block.shuffled.data();
    }
    const std::size_t dynamic = launch.config.dynamic_bytes;
    block.dynamic = block.shared + SHARED_CAPACITY - (dynamic + 15) / 16 * 16;
    if (dynamic) std::memset(block.dynamic, POISON, dynamic);
    for (unsigned warp = 0; warp < block.warps.size(); ++warp) block.warps[warp].active = 0;
}

bool go_on(Worker &own, Block &block) {
    const Launch &launch = *block.launch;
    block.spinning = block.spins = false;
    blockIdx = block.index;
    blockDim = launch.config.block;
    gridDim = launch.config.grid;
    current = Current{&block, block.epoch, block.shared, SHARED_CAPACITY, block.dynamic, launch.config.dynamic_bytes};
    // Fresh threads start on the stack that the first of them takes.
    void *stack = next_stack(block);
    if (stack != own.main_stack_pointer) switch_to(own.main_stack_pointer, stack);
    current.block = nullptr;
    return !(block.waited ? block.live == 0 : block.next == block.num_threads);
}

void release_grid(Block &block) {
    if (checker) checker->grid_completed(block);
    move_all(block.grid, block.ready);
}

}  // namespace hpcraft_cuda
