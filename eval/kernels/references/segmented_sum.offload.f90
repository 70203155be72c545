subroutine segmented_sum(n, offsets, x, sums) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: offsets(n + 1)
  real(c_float), intent(in) :: x(*)
  real(c_float), intent(inout) :: sums(n)
  integer :: s, i, total
  real(c_float) :: acc

  total = offsets(n + 1)
  !$omp target teams distribute parallel do private(i, acc) map(to: offsets, x(1:total)) map(from: sums)
  do s = 1, n
    acc = 0.0_c_float
    do i = offsets(s) + 1, offsets(s + 1)
      acc = acc + x(i)
    end do
    sums(s) = acc
  end do
  !$omp end target teams distribute parallel do
end subroutine segmented_sum
