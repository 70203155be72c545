subroutine bfs_levels(n, row_ptr, col, source, level) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_int), value :: source
  integer(c_int), intent(inout) :: level(n)
  integer :: rank, ranks, ierr, v, depth
  logical, allocatable :: reached(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(reached(0:n - 1))
  level = -1
  level(source + 1) = 0
  depth = 0
  do while (any(level == depth))
    reached = .false.
    do v = rank + 1, n, ranks
      if (level(v) == depth) reached(col(row_ptr(v) + 1:row_ptr(v + 1))) = .true.
    end do
    call MPI_Allreduce(MPI_IN_PLACE, reached, n, MPI_LOGICAL, MPI_LOR, MPI_COMM_WORLD, ierr)
    depth = depth + 1
    where (reached .and. level == -1) level = depth
  end do
end subroutine bfs_levels
