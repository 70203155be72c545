/* What both kinds of main program leave on the stack below a call. Valid as C and as C++. */
#include <string.h>

#define HPCRAFT_LITTER 0x7F /* huge as any number */

/* Leaves no zeros where the called function's variables will lie: what it reads without having written it shall not be right by luck. */
static __attribute__((noinline)) void hpcraft_litter(void) {
    char stack[1 << 14];
    memset(stack, HPCRAFT_LITTER, sizeof stack);
    __asm__ volatile("" : : "r"(stack) : "memory");
}

