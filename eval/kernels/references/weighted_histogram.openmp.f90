subroutine weighted_histogram(n, x, weight, bins, low, high, sums, counts) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, bins
  real(c_double), intent(in) :: x(n), weight(n)
  real(c_double), value :: low, high
  real(c_double), intent(inout) :: sums(bins)
  integer(c_long), intent(inout) :: counts(bins)
  real(c_double), allocatable :: my_sums(:)
  integer(c_long), allocatable :: my_counts(:)
  integer :: i, b

  sums = 0.0_c_double
  counts = 0
  !$omp parallel private(b, my_sums, my_counts)
  allocate(my_sums(bins), my_counts(bins))
  my_sums = 0.0_c_double
  my_counts = 0
  !$omp do
  do i = 1, n
    if (x(i) >= low .and. x(i) <= high) then
      b = min(bins, 1 + int((x(i) - low) / (high - low) * bins))
      my_sums(b) = my_sums(b) + weight(i)
      my_counts(b) = my_counts(b) + 1
    end if
  end do
  !$omp end do nowait
  !$omp critical
  sums = sums + my_sums
  counts = counts + my_counts
  !$omp end critical
  !$omp end parallel
end subroutine weighted_histogram
