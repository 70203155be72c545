"""Programs and a function of which suite completion makes its tasks."""

PROGRAM = """#include <stdio.h>

static double dot(int n, const double *x, const double *y)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        sum += x[i] * y[i];
    }
    return sum;
}

int main(void)
{
    double x[8], y[8];
    for (int i = 0; i < 8; i++) {
        x[i] = i + 1;
        y[i] = 2 * i + 3;
    }
    printf("dot %.3f\\n", dot(8, x, y));
    return 0;
}
"""
FORTRAN = """program sums
  implicit none
  integer :: i
  real(8) :: a(6)
  do i = 1, 6
    a(i) = 2.0d0 * i + 1
  end do
  print *, total(a, 6)
contains
  function total(x, m) result(r)
    integer, intent(in) :: m
    real(8), intent(in) :: x(m)
    real(8) :: r
    integer :: j
    r = 0
    do j = 1, m
      r = r + x(j)
    end do
  end function total
end program sums
"""
UNSEEN = """#include <stdio.h>
int main(void)
{
    int unseen = 0;
    unseen = unseen + 5;
    printf("done\\n");
    return 0;
}
"""
CLOCK = """#include <stdio.h>
#include <time.h>
int main(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    printf("%ld nanoseconds\\n", now.tv_nsec + 1);
    return 0;
}
"""
SCALE = "void scale(int n, double a, const double *x, double *y)\n{\n    int i;\n    for (i = 0; i < n; i++) {\n        y[i] = a * x[i] + 1;\n    }\n}\n"
LICENCE = "SPDX-License-Identifier: MIT"
RACY = """void scale(int n, double a, const double *x, double *y)
{
    double t;
#pragma omp parallel for
    for (int i = 0; i < n; i++) {
        t = a * x[i];
        y[i] = t + 1;
    }
}
"""
"""As hypre's vectors have it: the compiler keeps the shared variable in a register, mostly."""
