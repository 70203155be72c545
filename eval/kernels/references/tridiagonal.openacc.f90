subroutine tridiagonal(systems, n, lower, diagonal, upper, rhs, x) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: systems, n
  real(c_double), intent(in) :: lower(n, systems), diagonal(n, systems), upper(n, systems), rhs(n, systems)
  real(c_double), intent(inout) :: x(n, systems)
  real(c_double), allocatable :: factor(:, :)
  real(c_double) :: pivot
  integer :: s, i

  allocate(factor(n, systems))
  !$acc parallel loop gang vector private(pivot) copyin(lower, diagonal, upper, rhs) copyout(x) create(factor)
  do s = 1, systems
    pivot = diagonal(1, s)
    x(1, s) = rhs(1, s) / pivot
    !$acc loop seq
    do i = 2, n
      factor(i, s) = upper(i - 1, s) / pivot
      pivot = diagonal(i, s) - lower(i, s) * factor(i, s)
      x(i, s) = (rhs(i, s) - lower(i, s) * x(i - 1, s)) / pivot
    end do
    !$acc loop seq
    do i = n - 1, 1, -1
      x(i, s) = x(i, s) - factor(i + 1, s) * x(i + 1, s)
    end do
  end do
end subroutine tridiagonal
