subroutine prefix_sum(n, x, y) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(in) :: x(n)
  real(c_double), intent(inout) :: y(n)
  integer :: i, r, rank, ranks, error
  integer, allocatable :: counts(:), first(:)
  real(c_double), allocatable :: sums(:)
  real(c_double) :: running

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  allocate(counts(0:ranks - 1), first(0:ranks), sums(0:ranks - 1))
  first = [(int(int(n, 8) * r / ranks), r = 0, ranks)]
  counts = first(1:) - first(:ranks - 1)

  running = sum(x(first(rank) + 1:first(rank + 1)))
  call MPI_Allgather(running, 1, MPI_DOUBLE_PRECISION, sums, 1, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
  running = sum(sums(:rank - 1))
  do i = first(rank) + 1, first(rank + 1)
    running = running + x(i)
    y(i) = running
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, first, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
end subroutine prefix_sum
