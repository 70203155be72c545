/*
 * The entry points by which compilers make tasks, before those in LLVM's OpenMP runtime; for the race check.
 *
 * Theory of operation. The runtime gives a new task memory that a task of another thread has just given back, and the race detector, which
 * doesn't see the runtime, takes the copying of arguments for a race with the earlier task: 2 to 3 in 1,500 runs of correct programs on busy
 * cores. For clang the detector is told that the memory is new, by the entry points that it has for memory which isn't malloc's. For gcc
 * the copies are made here, in memory of malloc, and the runtime is given only where they are; that also mends a task that isn't deferred,
 * to which the runtime gives the wrong copies.
 *
 * Not covered: gcc's tasks with `detach`, which are left to the runtime, and its copies for a taskloop.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DETACH 64 /* of the flags of GOMP_task */
#define WORD sizeof(void *)
#define UNSEEN __attribute__((no_sanitize("thread")))

typedef void task(void *);
typedef void copier(void *, void *);
typedef void gnu_entry(task *, void *, copier *, long, long, bool, unsigned, void **, int, void *);
typedef void *llvm_entry(void *, int, int, size_t, size_t, void *);

/* compiler-rt's tsan_interface_java.h; the detector's runtime defines them. */
void __tsan_java_init(uintptr_t begin, uintptr_t size);
void __tsan_java_alloc(uintptr_t begin, uintptr_t size);
void __tsan_java_free(uintptr_t begin, uintptr_t size);

struct call {
    task *fn;
    void *data;
};

static llvm_entry *llvm;
static gnu_entry *gnu;

__attribute__((constructor)) UNSEEN static void begin(void) {
    llvm = (llvm_entry *)dlsym(RTLD_NEXT, "__kmpc_omp_task_alloc");
    gnu = (gnu_entry *)dlsym(RTLD_NEXT, "GOMP_task");
    __tsan_java_init(WORD, INTPTR_MAX / WORD * WORD); /* any address */
}

/* A task's record begins with the address of what it shares, which the runtime lays behind it. */
UNSEEN void *__kmpc_omp_task_alloc(void *where, int thread, int flags, size_t size, size_t shared, void *fn) {
    void *made = llvm(where, thread, flags, size, shared, fn);
    uintptr_t first = (uintptr_t)made, last = first + size;
    if (shared) last = *(uintptr_t *)made + shared;
    size_t bytes = (last - first + WORD - 1) / WORD * WORD;
    __tsan_java_free(first, bytes);
    __tsan_java_alloc(first, bytes);
    return made;
}

UNSEEN static void run(void *data) {
    struct call call = *(struct call *)data;
    call.fn(call.data);
    free(call.data);
}

UNSEEN void GOMP_task(task *fn, void *data, copier *copy, long size, long align, bool deferred, unsigned flags, void **depend, int priority,
                      void *detach) {
    if (flags & DETACH || !size) {
        gnu(fn, data, copy, size, align, deferred, flags, depend, priority, detach);
        return;
    }
    size_t unit = (size_t)align < WORD ? WORD : (size_t)align;
    struct call call = {fn, aligned_alloc(unit, ((size_t)size + unit - 1) / unit * unit)};
    if (!call.data) abort();
    if (copy) {
        copy(call.data, data);
    } else {
        memcpy(call.data, data, (size_t)size);
    }
    gnu(run, &call, NULL, sizeof call, _Alignof(struct call), deferred, flags, depend, priority, detach);
}
