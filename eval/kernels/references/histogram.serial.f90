subroutine histogram(n, x, bins, counts) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, bins
  integer(c_int), intent(in) :: x(n)
  integer(c_int), intent(inout) :: counts(0:bins - 1)
  integer :: i

  counts = 0
  do i = 1, n
    if (x(i) < 0 .or. x(i) >= bins) cycle
    counts(x(i)) = counts(x(i)) + 1
  end do
end subroutine histogram
