function find_first(n, x, threshold) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_float), intent(in) :: x(n)
  real(c_float), value :: threshold
  integer(c_int) :: answer
  integer :: i, first

  first = n
  !$omp target teams distribute parallel do map(to: x) map(tofrom: first) reduction(min: first)
  do i = 1, n
    if (x(i) > threshold) first = min(first, i - 1)
  end do
  answer = merge(first, -1, first < n)
end function find_first
