function dot(n, x, y) bind(c) result(total)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(in) :: x(n), y(n)
  real(c_double) :: total
  integer :: i

  total = 0.0_c_double
  !$omp parallel do schedule(static) default(none) shared(n, x, y) reduction(+ : total)
  do i = 1, n
    total = total + x(i) * y(i)
  end do
  !$omp end parallel do
end function dot
