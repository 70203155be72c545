// What the threads of a block wait for: barriers, exchanges between lanes, the grid, and others' turns.

#include "waiting.h"

namespace hpcraft_cuda {

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

void deadlock(Block &block) {
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

}  // namespace hpcraft_cuda
