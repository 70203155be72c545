/*
 * The entry points of gcc's target constructs, which LLVM's OpenMP runtime lacks; for the race check of Fortran, on the host.
 *
 * Theory of operation. A target region is a function of its arguments, and runs at once. Where a construct `teams` begins with it, the
 * region is run by several teams at the same time, each a thread with arguments of its own as far as they are firstprivate: so the race
 * detector sees teams meet as it sees threads. What is shared between teams, the compiler itself asks for by the number of a team.
 * Data isn't moved.
 *
 * Not covered: order between target tasks (nowait, depend); the number of a thread in a team outside of parallel regions.
 */
#include <omp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TEAMS 2
enum { FIRSTPRIVATE = 0xc, KIND = 0xff, ALIGNMENT_SHIFT = 8 };                                    /* of `kinds` */
enum { ID = 0xff00, NUM_TEAMS = 0x100, DEVICE = 0x7f, VALUE_FOLLOWS = 0x80, VALUE_SHIFT = 16 }; /* of `args` */

void GOMP_parallel(void (*fn)(void *), void *data, unsigned num_threads, unsigned flags);

struct region {
    void (*fn)(void *);
    size_t num, *sizes;
    void **hosts;
    unsigned short *kinds;
};

static int team_level, num_teams = 1; /* of the construct that runs; regions of several threads of the host take one after the other */

int omp_get_num_teams(void) { return num_teams; }

int omp_get_team_num(void) { return num_teams > 1 ? omp_get_ancestor_thread_num(team_level) : 0; }

int omp_get_num_teams_(void) { return omp_get_num_teams(); }

int omp_get_team_num_(void) { return omp_get_team_num(); }

/* One team: the first one that asks is the only one that this thread is. */
bool GOMP_teams4(unsigned low, unsigned high, unsigned limit, bool first) { return (void)low, (void)high, (void)limit, first; }

static void run(void *data) {
    const struct region *region = data;
    void *hosts[region->num + 1], *copies[region->num + 1];
    for (size_t i = 0; i < region->num; i++) {
        size_t align = (size_t)1 << (region->kinds[i] >> ALIGNMENT_SHIFT), bytes = region->sizes[i];
        hosts[i] = region->hosts[i], copies[i] = NULL;
        if ((region->kinds[i] & KIND) != FIRSTPRIVATE) continue;
        if (align < sizeof(void *)) align = sizeof(void *);
        copies[i] = aligned_alloc(align, (bytes + align) / align * align);
        if (!copies[i]) abort();
        hosts[i] = memcpy(copies[i], region->hosts[i], bytes);
    }
    region->fn(hosts);
    for (size_t i = 0; i < region->num; i++) free(copies[i]);
}

/* How many teams the construct asks for: 1 where it has none, 0 or less where the number isn't said. */
static int teams_wanted(void **args) {
    for (; args && *args; args++) {
        intptr_t word = (intptr_t)*args, value = word >> VALUE_SHIFT;
        if (word & VALUE_FOLLOWS) value = (intptr_t)*++args;
        if ((word & ID) == NUM_TEAMS && !(word & DEVICE)) return (int)value;
    }
    return 0;
}

void GOMP_target_ext(int device, void (*fn)(void *), size_t num, void **hosts, size_t *sizes, unsigned short *kinds, unsigned flags, void **depend,
                     void **args) {
    struct region region = {fn, num, sizes, hosts, kinds};
    (void)device, (void)flags, (void)depend;
    if (teams_wanted(args) == 1 || omp_in_parallel()) {
        run(&region);
        return;
    }
    int levels = omp_get_max_active_levels();
    omp_set_max_active_levels(levels + 1); /* teams take one that the program doesn't know of */
    team_level = omp_get_level() + 1, num_teams = TEAMS;
    GOMP_parallel(run, &region, TEAMS, 0);
    num_teams = 1;
    omp_set_max_active_levels(levels);
}

void GOMP_target_data_ext(int device, size_t num, void **hosts, size_t *sizes, unsigned short *kinds) {
    (void)device, (void)num, (void)hosts, (void)sizes, (void)kinds;
}

void GOMP_target_update_ext(int device, size_t num, void **hosts, size_t *sizes, unsigned short *kinds, unsigned flags, void **depend) {
    (void)device, (void)num, (void)hosts, (void)sizes, (void)kinds, (void)flags, (void)depend;
}

void GOMP_target_enter_exit_data(int device, size_t num, void **hosts, size_t *sizes, unsigned short *kinds, unsigned flags, void **depend) {
    (void)device, (void)num, (void)hosts, (void)sizes, (void)kinds, (void)flags, (void)depend;
}
