/* What gfortran calls around OpenMP's target and teams regions, for a host that is the device: libgomp has it, LLVM's runtime doesn't.
 *
 * The race check runs objects of gfortran with LLVM's runtime, which the thread sanitizer understands. As in libgomp's own fallback, a target
 * region is called where it stands, with copies of what is firstprivate, and a league has one team. Valid as C.
 *
 * Not covered: depend clauses and nowait of target constructs, which are done at once.
 */
#include <alloca.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { HPCRAFT_FIRSTPRIVATE = 12 }; /* GOMP_MAP_FIRSTPRIVATE of libgomp; the upper byte of a kind is the logarithm of the alignment */

void GOMP_target_ext(int device, void (*region)(void *), size_t count, void **addresses, size_t *sizes, unsigned short *kinds, unsigned flags,
                     void **depend, void **arguments) {
    (void)device, (void)flags, (void)depend, (void)arguments;
    for (size_t i = 0; i < count; i++) {
        if ((kinds[i] & 0xff) != HPCRAFT_FIRSTPRIVATE || !addresses[i]) continue;
        const uintptr_t alignment = (uintptr_t)1 << (kinds[i] >> 8);
        char *copy = (char *)(((uintptr_t)alloca(sizes[i] + alignment) + alignment - 1) / alignment * alignment);
        memcpy(copy, addresses[i], sizes[i]);
        addresses[i] = copy;
    }
    region(addresses);
}

bool GOMP_teams4(unsigned least, unsigned most, unsigned thread_limit, bool first) {
    (void)least, (void)most, (void)thread_limit;
    return first;
}

void GOMP_target_data_ext(int device, size_t count, void **addresses, size_t *sizes, unsigned short *kinds) {
    (void)device, (void)count, (void)addresses, (void)sizes, (void)kinds;
}

void GOMP_target_enter_exit_data(int device, size_t count, void **addresses, size_t *sizes, unsigned short *kinds, unsigned flags, void **depend) {
    (void)device, (void)count, (void)addresses, (void)sizes, (void)kinds, (void)flags, (void)depend;
}

void GOMP_target_update_ext(int device, size_t count, void **addresses, size_t *sizes, unsigned short *kinds, unsigned flags, void **depend) {
    (void)device, (void)count, (void)addresses, (void)sizes, (void)kinds, (void)flags, (void)depend;
}
