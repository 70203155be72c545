subroutine segmented_sum(n, offsets, x, sums) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: offsets(n + 1)
  real(c_float), intent(in) :: x(*)
  real(c_float), intent(inout) :: sums(n)
  real(c_float) :: total
  integer :: s, i

  !$acc parallel loop gang private(total) copyin(offsets, x(1:offsets(n + 1))) copyout(sums)
  do s = 1, n
    total = 0.0_c_float
    !$acc loop vector reduction(+ : total)
    do i = offsets(s) + 1, offsets(s + 1)
      total = total + x(i)
    end do
    sums(s) = total
  end do
end subroutine segmented_sum
