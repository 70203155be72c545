function count_above(n, x, limit) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, limit
  integer(c_int), intent(in) :: x(n)
  integer(c_long) :: answer
  integer :: i

  answer = 0
  !$omp parallel do reduction(+ : answer)
  do i = 1, n
    if (x(i) > limit) answer = answer + 1
  end do
  !$omp end parallel do
end function count_above
