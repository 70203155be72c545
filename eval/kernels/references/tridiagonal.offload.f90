subroutine tridiagonal(systems, n, lower, diagonal, upper, rhs, x) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: systems, n
  real(c_double), intent(in) :: lower(n, systems), diagonal(n, systems), upper(n, systems), rhs(n, systems)
  real(c_double), intent(inout) :: x(n, systems)
  real(c_double), allocatable :: pivot(:, :)
  real(c_double) :: w
  integer :: s, i

  allocate(pivot(n, systems))
  !$omp target teams distribute parallel do private(i, w) map(to: lower, diagonal, upper, rhs) map(from: x) map(alloc: pivot)
  do s = 1, systems
    pivot(1, s) = diagonal(1, s)
    x(1, s) = rhs(1, s)
    do i = 2, n
      w = lower(i, s) / pivot(i - 1, s)
      pivot(i, s) = diagonal(i, s) - w * upper(i - 1, s)
      x(i, s) = rhs(i, s) - w * x(i - 1, s)
    end do
    x(n, s) = x(n, s) / pivot(n, s)
    do i = n - 1, 1, -1
      x(i, s) = (x(i, s) - upper(i, s) * x(i + 1, s)) / pivot(i, s)
    end do
  end do
end subroutine tridiagonal
