subroutine weighted_histogram(n, x, weight, bins, low, high, sums, counts) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n, bins
  real(c_double), intent(in) :: x(n), weight(n)
  real(c_double), value :: low, high
  real(c_double), intent(inout) :: sums(bins)
  integer(c_long), intent(inout) :: counts(bins)
  integer :: i, b, rank, ranks, error
  real(c_double) :: width

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  width = (high - low) / bins
  sums = 0.0_c_double
  counts = 0
  do i = int(int(n, 8) * rank / ranks) + 1, int(int(n, 8) * (rank + 1) / ranks)
    if (x(i) < low .or. x(i) > high) cycle
    b = int((x(i) - low) / width) + 1
    if (b > bins) b = bins
    sums(b) = sums(b) + weight(i)
    counts(b) = counts(b) + 1
  end do
  call MPI_Allreduce(MPI_IN_PLACE, sums, bins, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, error)
  call MPI_Allreduce(MPI_IN_PLACE, counts, bins, MPI_INTEGER8, MPI_SUM, MPI_COMM_WORLD, error)
end subroutine weighted_histogram
