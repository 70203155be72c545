function find_first(n, x, threshold) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_float), intent(in) :: x(n)
  real(c_float), value :: threshold
  integer(c_int) :: answer
  integer :: i, first

  first = huge(first)
  !$acc parallel loop copyin(x) copy(first) reduction(min: first)
  do i = 1, n
    if (x(i) > threshold) first = min(first, i)
  end do
  answer = -1
  if (first <= n) answer = first - 1
end function find_first
