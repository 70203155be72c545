subroutine segmented_sum(n, offsets, x, sums) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: offsets(n + 1)
  real(c_float), intent(in) :: x(*)
  real(c_float), intent(inout) :: sums(n)
  integer :: s, rank, ranks, error, lo, hi
  integer, allocatable :: counts(:), first(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  allocate(counts(ranks), first(ranks + 1))
  do s = 0, ranks
    first(s + 1) = int(int(n, 8) * s / ranks)
  end do
  counts = first(2:) - first(:ranks)
  lo = first(rank + 1) + 1
  hi = first(rank + 2)
  do s = lo, hi
    sums(s) = sum(x(offsets(s) + 1:offsets(s + 1)))
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, sums, counts, first, MPI_REAL, MPI_COMM_WORLD, error)
end subroutine segmented_sum
