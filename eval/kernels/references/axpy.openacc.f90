subroutine axpy(n, a, x, y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: a
  real(c_double), intent(in) :: x(n)
  real(c_double), intent(inout) :: y(n)
  integer :: i

  !$acc parallel loop copyin(x) copy(y)
  do i = 1, n
    y(i) = y(i) + a * x(i)
  end do
end subroutine axpy
