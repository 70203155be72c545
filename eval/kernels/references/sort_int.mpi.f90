subroutine sort_int(n, x) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(inout) :: x(n)
  integer :: i, j, r, rank, ranks, error
  integer, allocatable :: counts(:), first(:), position(:), sorted(:)
  integer(c_int) :: value

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  allocate(counts(0:ranks - 1), first(0:ranks), position(n), sorted(n))
  do r = 0, ranks
    first(r) = int(int(n, 8) * r / ranks)
  end do
  counts = first(1:) - first(:ranks - 1)

  ! Each rank finds the final positions of its share by counting; equal values keep their order.
  do i = first(rank) + 1, first(rank + 1)
    value = x(i)
    position(i) = 1 + count(x(:i - 1) <= value)
    do j = i + 1, n
      if (x(j) < value) position(i) = position(i) + 1
    end do
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, position, counts, first, MPI_INTEGER, MPI_COMM_WORLD, error)
  sorted(position) = x
  x = sorted
end subroutine sort_int
