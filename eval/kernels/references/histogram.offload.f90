subroutine histogram(n, x, bins, counts) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, bins
  integer(c_int), intent(in) :: x(n)
  integer(c_int), intent(inout) :: counts(0:bins - 1)
  integer :: i

  counts = 0
  !$omp target teams distribute parallel do map(to: x) map(tofrom: counts)
  do i = 1, n
    if (x(i) >= 0 .and. x(i) < bins) then
      !$omp atomic
      counts(x(i)) = counts(x(i)) + 1
    end if
  end do
  !$omp end target teams distribute parallel do
end subroutine histogram
