subroutine tridiagonal(systems, n, lower, diagonal, upper, rhs, x) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: systems, n
  real(c_double), intent(in) :: lower(n, systems), diagonal(n, systems), upper(n, systems), rhs(n, systems)
  real(c_double), intent(inout) :: x(n, systems)
  real(c_double) :: pivot(n), factor
  integer :: s, i

  do s = 1, systems
    pivot = diagonal(:, s)
    x(:, s) = rhs(:, s)
    do i = 2, n
      factor = lower(i, s) / pivot(i - 1)
      pivot(i) = pivot(i) - factor * upper(i - 1, s)
      x(i, s) = x(i, s) - factor * x(i - 1, s)
    end do
    x(n, s) = x(n, s) / pivot(n)
    do i = n - 1, 1, -1
      x(i, s) = (x(i, s) - upper(i, s) * x(i + 1, s)) / pivot(i)
    end do
  end do
end subroutine tridiagonal
