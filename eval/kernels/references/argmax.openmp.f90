integer(c_int) function argmax(n, x) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_float), intent(in) :: x(n)
  real(c_float) :: largest
  integer :: i, first

  argmax = -1
  if (n == 0) return
  largest = x(1)
  first = n
  !$omp parallel
  !$omp do reduction(max : largest)
  do i = 1, n
    largest = max(largest, x(i))
  end do
  !$omp end do
  !$omp do reduction(min : first)
  do i = 1, n
    if (x(i) == largest) first = min(first, i)
  end do
  !$omp end do
  !$omp end parallel
  argmax = first - 1
end function argmax
