function count_above(n, x, limit) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, limit
  integer(c_int), intent(in) :: x(n)
  integer(c_long) :: answer
  integer :: i

  answer = 0
  !$omp target teams distribute parallel do map(to: x) map(tofrom: answer) reduction(+ : answer)
  do i = 1, n
    answer = answer + merge(1_c_long, 0_c_long, x(i) > limit)
  end do
end function count_above
