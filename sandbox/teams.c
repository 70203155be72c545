/*
 * Teams of C and C++ under the race check: two of them, and what they did is done when the construct ends.
 *
 * Theory of operation. LLVM's runtime runs teams at the same time, but doesn't tell its tools where they begin and end, so that the race detector
 * would take what comes before and after for a race. Here an empty parallel region stands before each construct and behind it, which
 * the teams' threads join in. All else is the runtime's own.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <omp.h>
#include <stdarg.h>
#include <stdlib.h>

#define TEAMS 2
#define MOST 64 /* shared variables of a construct */
#define FOUR(i) a[i], a[i + 1], a[i + 2], a[i + 3]
#define SIXTEEN(i) FOUR(i), FOUR(i + 4), FOUR(i + 8), FOUR(i + 12)

typedef void fork_teams(void *, int, void *, ...);
typedef void push_num_teams(void *, int, int, int);

static void *runtimes(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static void meet(void) {
#pragma omp parallel num_threads(TEAMS * omp_get_max_threads())
    {
    }
}

/* What a construct asks for, kept until the region before it is over. More teams would only be more threads, of which not all might join in. */
static _Thread_local struct { void *place; int asked, thread, teams, threads; } wish;

void __kmpc_push_num_teams(void *place, int thread, int teams, int threads) {
    wish.place = place, wish.asked = 1, wish.thread = thread, wish.teams = teams > TEAMS ? TEAMS : teams, wish.threads = threads;
}

void __kmpc_push_num_teams_51(void *place, int thread, int least, int teams, int threads) {
    __kmpc_push_num_teams(place, thread, teams > 0 ? teams : least, threads);
}

void __kmpc_fork_teams(void *place, int n, void *work, ...) {
    void *a[MOST] = {0};
    va_list list;
    if (n > MOST) abort();
    va_start(list, work);
    for (int i = 0; i < n; i++) a[i] = va_arg(list, void *);
    va_end(list);
    meet();
    if (wish.asked) ((push_num_teams *)runtimes("__kmpc_push_num_teams"))(wish.place, wish.thread, wish.teams, wish.threads);
    wish.asked = 0;
    ((fork_teams *)runtimes("__kmpc_fork_teams"))(place, n, work, SIXTEEN(0), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48));
    meet();
}
