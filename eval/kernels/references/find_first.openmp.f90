function find_first(n, x, threshold) bind(c) result(answer)
  use iso_c_binding
  use omp_lib
  implicit none
  integer(c_int), value :: n
  real(c_float), intent(in) :: x(n)
  real(c_float), value :: threshold
  integer(c_int) :: answer
  integer :: i, first

  first = n + 1
  !$omp parallel do reduction(min: first) schedule(static, 512)
  do i = 1, n
    if (x(i) > threshold) first = min(first, i)
  end do
  !$omp end parallel do
  answer = merge(first - 1, -1, first <= n)
end function find_first
