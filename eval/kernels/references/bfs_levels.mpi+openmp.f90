subroutine bfs_levels(n, row_ptr, col, source, level) bind(c)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_int), value :: source
  integer(c_int), intent(inout) :: level(n)
  integer :: rank, ranks, ierr, v, e, depth, fresh
  integer, allocatable :: reached(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(reached(n))
  level = -1
  level(source + 1) = 0
  depth = 0
  fresh = 1
  do while (fresh > 0)
    reached = 0
    !$omp parallel do private(e) schedule(dynamic, 16)
    do v = rank + 1, n, ranks
      if (level(v) /= depth) cycle
      do e = row_ptr(v) + 1, row_ptr(v + 1)
        !$omp atomic write
        reached(col(e) + 1) = 1
      end do
    end do
    !$omp end parallel do
    call MPI_Allreduce(MPI_IN_PLACE, reached, n, MPI_INTEGER, MPI_MAX, MPI_COMM_WORLD, ierr)
    depth = depth + 1
    fresh = 0
    !$omp parallel do reduction(+: fresh)
    do v = 1, n
      if (reached(v) == 0 .or. level(v) >= 0) cycle
      level(v) = depth
      fresh = fresh + 1
    end do
    !$omp end parallel do
  end do
end subroutine bfs_levels
