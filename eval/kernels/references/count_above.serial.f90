function count_above(n, x, limit) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, limit
  integer(c_int), intent(in) :: x(n)
  integer(c_long) :: answer

  answer = count(x > limit, kind=c_long)
end function count_above
