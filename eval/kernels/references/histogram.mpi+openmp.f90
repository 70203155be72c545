subroutine histogram(n, x, bins, counts) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n, bins
  integer(c_int), intent(in) :: x(n)
  integer(c_int), intent(inout) :: counts(0:bins - 1)
  integer :: i, rank, ranks, error

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  counts = 0
  !$omp parallel do reduction(+ : counts)
  do i = int(int(n, 8) * rank / ranks) + 1, int(int(n, 8) * (rank + 1) / ranks)
    if (x(i) >= 0 .and. x(i) < bins) counts(x(i)) = counts(x(i)) + 1
  end do
  !$omp end parallel do
  call MPI_Allreduce(MPI_IN_PLACE, counts, bins, MPI_INTEGER, MPI_SUM, MPI_COMM_WORLD, error)
end subroutine histogram
