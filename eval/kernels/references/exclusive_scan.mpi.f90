function exclusive_scan(n, counts, offsets) bind(c) result(answer)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: counts(n)
  integer(c_long), intent(inout) :: offsets(n)
  integer(c_long) :: answer
  integer :: i, rank, ranks, error
  integer, allocatable :: lengths(:), starts(:)
  integer(c_long) :: own, next

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  allocate(lengths(0:ranks - 1), starts(0:ranks - 1))
  do i = 0, ranks - 1
    lengths(i) = n / ranks + merge(1, 0, i < mod(n, ranks))
    starts(i) = sum(lengths(:i - 1))
  end do
  own = 0
  do i = starts(rank) + 1, starts(rank) + lengths(rank)
    own = own + counts(i)
  end do
  call MPI_Scan(own, next, 1, MPI_INTEGER8, MPI_SUM, MPI_COMM_WORLD, error)
  answer = next
  call MPI_Bcast(answer, 1, MPI_INTEGER8, ranks - 1, MPI_COMM_WORLD, error)
  next = next - own
  do i = starts(rank) + 1, starts(rank) + lengths(rank)
    offsets(i) = next
    next = next + counts(i)
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, offsets, lengths, starts, MPI_INTEGER8, MPI_COMM_WORLD, error)
end function exclusive_scan
