// The OS threads that run blocks.
//
// The launching thread works first and alone; it wakes the others once a launch turns out to be worth it, so that thousands of
// small launches cost no switch of threads.

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "runtime.h"

namespace hpcraft_cuda {

// Each stack of a waiting thread takes two mappings, of which a process has 65,530.
constexpr unsigned MOST_WORKERS = 24;

namespace {
struct Pool {
    std::mutex guard;
    std::condition_variable work_there, work_done;
    std::uint64_t round = 0;
    unsigned started = 0, busy = 0;
    void (*work)(void *) = nullptr;
    void *context = nullptr;
};
Pool &pool = *new Pool;  // never destroyed: its threads outlive main
}  // namespace

static unsigned count_workers() {
    if (const char *text = std::getenv("HPCRAFT_CUDA_THREADS")) return std::clamp(std::atoi(text), 1, 256);
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return std::clamp<unsigned>(CPU_COUNT(&set), 1, MOST_WORKERS);
}

unsigned num_workers() {
    static const unsigned count = count_workers();
    return count;
}

Worker &own_worker() {
    if (!worker) {
        worker = new Worker;
        use_signal_stack();
    }
    return *worker;
}

Block *take_block(Worker &own) {
    if (!own.free_blocks.empty()) {
        Block *block = own.free_blocks.back();
        own.free_blocks.pop_back();
        return block;
    }
    const std::size_t page = sysconf(_SC_PAGESIZE);
    void *pages = mmap(nullptr, SHARED_CAPACITY + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED || mprotect(static_cast<char *>(pages) + page, SHARED_CAPACITY, PROT_READ | PROT_WRITE) != 0) std::abort();
    Block *made = new Block;
    made->shared = static_cast<char *>(pages) + page;
    made->worker = &own;
    return made;
}

static void *serve(void *) {
    own_worker();
    std::uint64_t seen = 0;
    std::unique_lock lock(pool.guard);
    for (;;) {
        pool.work_there.wait(lock, [&] { return pool.round != seen && pool.work; });
        seen = pool.round;
        ++pool.busy;
        auto *work = pool.work;
        void *context = pool.context;
        lock.unlock();
        work(context);
        lock.lock();
        if (--pool.busy == 0) pool.work_done.notify_all();
    }
    return nullptr;
}

static void start_threads() {
    for (; pool.started + 1 < num_workers(); ++pool.started) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, serve, nullptr) != 0) fault(Kind::trap, {nullptr, 0}, "no threads for the blocks of a kernel");
        pthread_detach(thread);
    }
}

void wake_workers() {
    if (num_workers() == 1) return;
    const std::lock_guard lock(pool.guard);
    start_threads();
    ++pool.round;
    pool.work_there.notify_all();
}

void on_workers(void (*work)(void *), void *context, bool at_once) {
    {
        const std::lock_guard lock(pool.guard);
        pool.work = work;
        pool.context = context;
    }
    if (at_once) wake_workers();
    work(context);
    std::unique_lock lock(pool.guard);
    pool.work = nullptr;  // a thread that wakes up late finds nothing to do
    pool.work_done.wait(lock, [] { return pool.busy == 0; });
}

}  // namespace hpcraft_cuda
