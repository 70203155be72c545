function dot(n, x, y) bind(c) result(total)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(in) :: x(n), y(n)
  real(c_double) :: total

  total = dot_product(x, y)
end function dot
