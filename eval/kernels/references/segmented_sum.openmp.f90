subroutine segmented_sum(n, offsets, x, sums) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: offsets(n + 1)
  real(c_float), intent(in) :: x(*)
  real(c_float), intent(inout) :: sums(n)
  integer :: s, i
  real(c_float) :: total

  !$omp parallel do schedule(dynamic, 8) private(i, total)
  do s = 1, n
    total = 0.0_c_float
    do i = offsets(s) + 1, offsets(s + 1)
      total = total + x(i)
    end do
    sums(s) = total
  end do
  !$omp end parallel do
end subroutine segmented_sum
