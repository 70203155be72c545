subroutine prefix_sum(n, x, y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(in) :: x(n)
  real(c_double), intent(inout) :: y(n)
  integer :: i

  if (n == 0) return
  y(1) = x(1)
  do i = 2, n
    y(i) = y(i - 1) + x(i)
  end do
end subroutine prefix_sum
