// One block: its threads are started one after another on one fiber, wait on stacks of their own, and go on in turn.

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime.h"

namespace hpcraft_cuda {

thread_local Worker *worker;
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

static void append(Waiters &list, Thread *thread) {
    thread->next = nullptr;
    (list.last ? list.last->next : list.first) = thread;
    list.last = thread;
    ++list.count;
}

static void move_all(Waiters &from, Waiters &to) {
    if (!from.first) return;
    (to.last ? to.last->next : to.first) = from.first;
    to.last = from.last;
    to.count += from.count;
    from = Waiters{};
}

static Thread *pop(Waiters &list) {
    Thread *thread = list.first;
    list.first = thread->next;
    if (!list.first) list.last = nullptr;
    --list.count;
    return thread;
}

static unsigned number_of(const Block &block, const Thread *thread) { return static_cast<unsigned>(thread - block.threads.data()); }

static Thread &running_thread(Block &block) { return block.threads[linear_thread()]; }

// --- starting and ending

static bool same_place(Where a, Where b) {
    return a.line == b.line && (a.file == b.file || __builtin_strcmp(a.file, b.file) == 0);
}

static unsigned at_turn(const Block &block, unsigned turn) { return block.order ? block.order[turn] : turn; }

// From the first wait on every end counts. Those that were started before have ended, but for the running one.
[[gnu::noinline]] static void begin_waiting_now(Block &block) {
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

static inline void begin_waiting(Block &block) {
    if (__builtin_expect(!block.waited, 0)) begin_waiting_now(block);
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

static void complete_barrier(Block &block) {
    block.barrier_result = block.barrier_value;
    ++block.barriers;
    move_all(block.barrier, block.ready);
    if (checker) checker->barrier_completed(block);
}

static void complete_group(Block &block, unsigned warp, Group &group) {
    Warp &lanes = block.warps[warp];
    Exchange exchange{group.arrived, lanes.in, lanes.argument, lanes.out};
    if (group.finish) group.finish(exchange);
    if (checker) checker->lanes_met(block, warp, group);
}

static void wake_lanes(Block &block, unsigned warp, unsigned mask) {
    for (; mask; mask &= mask - 1) {
        Thread &thread = block.threads[warp * WARP + __builtin_ctz(mask)];
        append(block.ready, &thread);
    }
}

static void drop_group(Warp &warp, Group &group) {
    group = warp.groups.back();
    warp.groups.pop_back();
}

// Lanes that asked at one line go on together, with each other as their mask.
static void release_active(Block &block, unsigned warp) {
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

[[noreturn]] static void deadlock(Block &block);

// A new fiber begins here, and one whose thread has ended and that finds none to start ends here.
static void run_fiber();

[[gnu::noinline]] static void *next_stack_slowly(Block &block) {
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

// The stack to go on with when the running one has to stop: of a ready thread, or a fresh one; the worker's own when the block is over
// or waits for others.
[[gnu::always_inline]] static inline void *next_stack(Block &block) {
    if (__builtin_expect(!block.ready.first || block.spins, 0)) return next_stack_slowly(block);
    Thread *thread = pop(block.ready);
    worker->running = thread->fiber;
    return thread->fiber->stack_pointer;
}

static void run_fiber() {
    Block &block = *current.block;
    block.launch->kernel.run_threads(block.launch->kernel.context);
    give_fiber(*worker, worker->running);
    switch_to(left, next_stack(block));
    __builtin_unreachable();
}

[[gnu::always_inline]] static inline void wait_here(Block &block, Thread &thread, Op op, Where where) {
    const uint3 index = threadIdx;
    Fiber *own = worker->running;
    thread.fiber = own;
    thread.op = op;
    thread.where = where;
    thread.waiting = true;
    void *stack = next_stack(block);
    if (worker->running != own || stack == worker->main_stack_pointer) switch_to(own->stack_pointer, stack);
    worker->running = own;
    threadIdx = index;
    thread.waiting = false;
    if (checker) checker->thread_runs(block, number_of(block, &thread));
}

// --- what threads wait for

static int combined(Op op, int sum, int predicate, bool first) {
    switch (op) {
    case Op::syncthreads_count: return (first ? 0 : sum) + (predicate != 0);
    case Op::syncthreads_and: return (first || sum) && predicate;
    case Op::syncthreads_or: return (!first && sum) || predicate;
    default: return 0;
    }
}

int barrier(Op op, int predicate, Where where) {
    if (!on_device()) return 0;
    Block &block = *current.block;
    begin_waiting(block);
    const bool first = !block.barrier.count;
    if (first) {
        block.barrier_op = op;
        block.barrier_where = where;
    } else if (block.barrier_op != op || !same_place(block.barrier_where, where)) {
        fault(Kind::divergent_barrier, where, "other threads of the block wait at %s:%d", block.barrier_where.file, block.barrier_where.line);
    }
    if (op != Op::syncthreads) block.barrier_value = combined(op, block.barrier_value, predicate, first);
    if (block.barrier.count + 1 == block.live) {
        complete_barrier(block);
        if (checker) checker->thread_runs(block, linear_thread());
    } else {
        Thread &thread = running_thread(block);
        append(block.barrier, &thread);
        wait_here(block, thread, op, where);
    }
    return block.barrier_result;
}

unsigned live_lanes() {
    Block &block = *current.block;
    begin_waiting(block);
    return block.warps[linear_thread() / WARP].live;
}

std::uint64_t exchange(Op op, unsigned mask, std::uint64_t value, unsigned argument, Finish finish, Where where) {
    if (!on_device()) return value;
    Block &block = *current.block;
    begin_waiting(block);
    const unsigned thread = linear_thread(), warp = thread / WARP, own = thread % WARP;
    if (!(mask >> own & 1)) fault(Kind::divergent_barrier, where, "the mask 0x%08x does not hold the lane %u that calls", mask, own);
    Warp &lanes = block.warps[warp];
    lanes.in[own] = value;
    lanes.argument[own] = argument;
    std::size_t at = 0;
    while (at < lanes.groups.size() && lanes.groups[at].mask != mask) ++at;
    if (at == lanes.groups.size()) lanes.groups.push_back(Group{mask, 0, op, where, finish});
    Group &group = lanes.groups[at];
    if (group.op != op || group.finish != finish)
        fault(Kind::divergent_barrier, where, "lanes of the same mask wait in another operation at %s:%d", group.where.file, group.where.line);
    group.arrived |= 1u << own;
    if ((mask & lanes.live) == group.arrived) {
        complete_group(block, warp, group);
        wake_lanes(block, warp, group.arrived & ~(1u << own));
        drop_group(lanes, group);
        if (checker) checker->thread_runs(block, thread);
    } else {
        wait_here(block, block.threads[thread], op, where);
    }
    return lanes.out[own];
}

// Answered when every live lane of the warp has asked, or nothing else in the block can move: the widest mask that a device could
// give.
unsigned active_mask(Where where) {
    if (!on_device()) return 1;
    Block &block = *current.block;
    begin_waiting(block);
    const unsigned thread = linear_thread(), warp = thread / WARP;
    Warp &lanes = block.warps[warp];
    if (lanes.live == 1u << thread % WARP) return lanes.live;
    lanes.active |= 1u << thread % WARP;
    block.threads[thread].where = where;
    if (lanes.active == lanes.live) release_active(block, warp);
    wait_here(block, block.threads[thread], Op::active_mask, where);
    return static_cast<unsigned>(lanes.out[thread % WARP]);
}

void grid_barrier(Where where) {
    if (!on_device()) return;
    Block &block = *current.block;
    if (!block.launch->cooperative) fault(Kind::trap, where, "the grid can only be synchronised in a cooperative launch");
    begin_waiting(block);
    append(block.grid, &running_thread(block));
    wait_here(block, running_thread(block), Op::grid, where);
}

bool is_cooperative() { return on_device() && current.block->launch->cooperative; }

// After some calls the others get their turn: those never started first, or two that spin would keep them away; where there is
// nobody else in the block, or everybody had a turn, the worker's other blocks.
void spin(Where where) {
    static thread_local unsigned calls;
    if (!on_device() || ++calls % 64) return;
    Block &block = *current.block;
    begin_waiting(block);
    Thread &thread = running_thread(block);
    block.spinning = block.next == block.num_threads && ++block.spun > block.ready.count;
    if (block.spinning) block.spun = 0;
    block.spins = true;
    append(block.ready, &thread);
    wait_here(block, thread, Op::yield, where);
}

static void deadlock(Block &block) {
    const Thread *first = nullptr, *other = nullptr;
    for (unsigned i = 0; i < block.num_threads; ++i) {
        const Thread &thread = block.threads[i];
        if (!thread.waiting) continue;
        if (!first) first = &thread;
        else if (!same_place(first->where, thread.where)) other = &thread;
    }
    set_thread(number_of(block, first));
    if (!other) fault(Kind::deadlock, first->where, "the threads that it waits for never come");
    fault(Kind::deadlock, first->where, "other threads of the block wait at %s:%d", other->where.file, other->where.line);
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
