subroutine weighted_histogram(n, x, weight, bins, low, high, sums, counts) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, bins
  real(c_double), intent(in) :: x(n), weight(n)
  real(c_double), value :: low, high
  real(c_double), intent(inout) :: sums(bins)
  integer(c_long), intent(inout) :: counts(bins)
  integer :: i, b

  sums = 0.0_c_double
  counts = 0
  !$omp target teams distribute parallel do private(b) map(to: x, weight) map(tofrom: sums, counts)
  do i = 1, n
    if (x(i) < low .or. x(i) > high) cycle
    b = min(bins, int((x(i) - low) / (high - low) * bins) + 1)
    !$omp atomic update
    sums(b) = sums(b) + weight(i)
    !$omp atomic update
    counts(b) = counts(b) + 1
  end do
  !$omp end target teams distribute parallel do
end subroutine weighted_histogram
