"""What tells the builds of an answer apart is refused, and what only looks so isn't."""

import pytest

from tests.eval.test_forbidden import HEAD, found


@pytest.mark.parametrize(
    ("head", "value", "told"),
    [
        ("", "__GNUC__", "__GNUC__"),
        ("#define OLD (V < 9)\n#define V (__clang_major__ + 0)\n", "OLD", "OLD"),
        ("#define C2(a, b) a##b\n#define C(a, b) C2(a, b)\n", "C(__GNU, C__)", "__GNUC__"),
        ("char q = '\"';\n", "__VERSION__[0]; char r = '\"'", "__VERSION__"),
        ("", "__GXX_ABI_VERSION", "__GXX_ABI_VERSION"),
    ],
    ids=["by name", "through macros", "pasted", "between quotes", "of the ABI"],
)
def test_what_has_another_value_with_each_compiler_is_refused(head, value, told):
    """Where another compiler builds the answer for the race detector; elsewhere nobody is deceived."""
    code = f"{head}{HEAD}if (n == {value}) y[0] = 1;\n}}\n"
    assert found(code, "openmp") == f"fail: tells compilers apart ({told})"
    assert found(code, "mpi") == "pass"


def test_many_macros_take_no_time():
    """What is looked up grows with the text, however its macros use each other."""
    chain = "".join(f"#define m{i} m{i + 1}\n" for i in range(20_000))
    assert found(f"{chain}#define m20000 __GNUC__\n{HEAD}y[0] = m0;\n}}\n", "openmp") == "fail: tells compilers apart (m0)"


SIZES_AND_ADDRESSES = """
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#define ALIGN 64
static omp_lock_t locks[16];
struct padded { omp_lock_t lock; char pad[64 - sizeof(omp_lock_t)]; };
static double next(unsigned long *seed) { return (double)(*seed = *seed * 6364136223846793005ul + 1); }
void f(int n, const int *idx, double *y) {
    (void)idx;
    unsigned long seed = 1;
    size_t bytes = n * sizeof(omp_lock_t);
    omp_lock_t *own = malloc(bytes), *more = malloc((size_t)n * sizeof(omp_lock_t)), *as = calloc(n, (sizeof(omp_lock_t)));
    int a[4] = {0}, count = sizeof(a) / sizeof(a[0]);
    if (((uintptr_t)y & (ALIGN - 1)) == 0 && (uintptr_t)y % sizeof(double) == 0 && (size_t)y % 32 == 0) y[0] = (double)seed;
    void *raw = malloc(n + 64), *aligned = (void *)(((uintptr_t)raw + 63) & ~(uintptr_t)63);
    fprintf(stderr, "%p at 50%%percent\n", aligned);
    if ((long)n >> 20 || (size_t)n >> 16) y[0] = next(&seed) + count;
    for (int i = 0; i < 16; i++) omp_init_lock(&locks[i]);
    free(own), free(more), free(as), free(raw);
}
"""


def test_sizes_and_addresses_have_honest_uses():
    """Locks, padding, alignment, hashes: only what compares the size of a runtime's type, or takes the upper bits of an address, has no other use."""
    assert found(SIZES_AND_ADDRESSES, "openmp") == "pass"
    for line, why in (
        ("const int q = sizeof(omp_lock_t) != 4;", "compares the size of omp_lock_t"),
        ("if (sizeof(omp_nest_lock_t) > 8) y[0] = 1;", "compares the size of omp_nest_lock_t"),
        ("int q = (int)((uintptr_t)y >> 40);", "looks at addresses"),
        ("int q = (int)((size_t)malloc(24) >> 40);", "looks at addresses"),
    ):
        code = SIZES_AND_ADDRESSES.replace("(void)idx;", line)
        assert why in found(code, "openmp")
        assert found(code, "mpi") == "pass"
