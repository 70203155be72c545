function find_first(n, x, threshold) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_float), intent(in) :: x(n)
  real(c_float), value :: threshold
  integer(c_int) :: answer
  integer :: i

  answer = -1
  do i = 1, n
    if (x(i) > threshold) then
      answer = i - 1
      exit
    end if
  end do
end function find_first
