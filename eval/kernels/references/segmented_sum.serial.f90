subroutine segmented_sum(n, offsets, x, sums) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: offsets(n + 1)
  real(c_float), intent(in) :: x(*)
  real(c_float), intent(inout) :: sums(n)
  integer :: s

  do s = 1, n
    sums(s) = sum(x(offsets(s) + 1:offsets(s + 1)))
  end do
end subroutine segmented_sum
