integer(c_int) function argmax(n, x) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_float), intent(in) :: x(n)
  integer :: i

  argmax = min(n, 1) - 1
  do i = 2, n
    if (x(i) > x(argmax + 1)) argmax = i - 1
  end do
end function argmax
