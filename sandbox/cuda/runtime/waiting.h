// How threads of a block wait and are woken: what block.cc and waiting.cc share, inline, because a barrier is passed millions of times.
#pragma once

#include "runtime.h"

namespace hpcraft_cuda {

// --- block.cc
void begin_waiting_now(Block &block);
void *next_stack_slowly(Block &block);
void release_active(Block &block, unsigned warp);

// --- waiting.cc
[[noreturn]] void deadlock(Block &block);

inline void append(Waiters &list, Thread *thread) {
    thread->next = nullptr;
    (list.last ? list.last->next : list.first) = thread;
    list.last = thread;
    ++list.count;
}

inline void move_all(Waiters &from, Waiters &to) {
    if (!from.first) return;
    (to.last ? to.last->next : to.first) = from.first;
    to.last = from.last;
    to.count += from.count;
    from = Waiters{};
}

inline Thread *pop(Waiters &list) {
    Thread *thread = list.first;
    list.first = thread->next;
    if (!list.first) list.last = nullptr;
    --list.count;
    return thread;
}

inline unsigned number_of(const Block &block, const Thread *thread) { return static_cast<unsigned>(thread - block.threads.data()); }

inline Thread &running_thread(Block &block) { return block.threads[linear_thread()]; }

inline bool same_place(Where a, Where b) {
    return a.line == b.line && (a.file == b.file || __builtin_strcmp(a.file, b.file) == 0);
}

inline void begin_waiting(Block &block) {
    if (__builtin_expect(!block.waited, 0)) begin_waiting_now(block);
}

inline void complete_barrier(Block &block) {
    block.barrier_result = block.barrier_value;
    ++block.barriers;
    move_all(block.barrier, block.ready);
    if (checker) checker->barrier_completed(block);
}

inline void complete_group(Block &block, unsigned warp, Group &group) {
    Warp &lanes = block.warps[warp];
    Exchange exchange{group.arrived, lanes.in, lanes.argument, lanes.out};
    if (group.finish) group.finish(exchange);
    if (checker) checker->lanes_met(block, warp, group);
}

inline void wake_lanes(Block &block, unsigned warp, unsigned mask) {
    for (; mask; mask &= mask - 1) {
        Thread &thread = block.threads[warp * WARP + __builtin_ctz(mask)];
        append(block.ready, &thread);
    }
}

inline void drop_group(Warp &warp, Group &group) {
    group = warp.groups.back();
    warp.groups.pop_back();
}

// The stack to go on with when the running one has to stop: of a ready thread, or a fresh one; the worker's own when the block is over
// or waits for others.
[[gnu::always_inline]] inline void *next_stack(Block &block) {
    if (__builtin_expect(!block.ready.first || block.spins, 0)) return next_stack_slowly(block);
    Thread *thread = pop(block.ready);
    worker->running = thread->fiber;
    return thread->fiber->stack_pointer;
}

[[gnu::always_inline]] inline void wait_here(Block &block, Thread &thread, Op op, Where where) {
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

}  // namespace hpcraft_cuda
