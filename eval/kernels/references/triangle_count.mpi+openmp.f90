function triangle_count(n, row_ptr, col) bind(c) result(answer)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_long) :: answer
  integer(c_long) :: mine
  integer :: rank, ranks, ierr, u, v, e, f
  logical, allocatable :: neighbour(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  mine = 0
  !$omp parallel private(neighbour, v, e, f) reduction(+: mine)
  allocate(neighbour(0:n))
  neighbour = .false.
  !$omp do schedule(dynamic, 8)
  do u = rank + 1, n, ranks
    neighbour(col(row_ptr(u) + 1:row_ptr(u + 1))) = .true.
    do e = row_ptr(u) + 1, row_ptr(u + 1)
      v = col(e) + 1
      if (v > u) exit
      do f = row_ptr(v) + 1, row_ptr(v + 1)
        if (col(f) + 1 > v) exit
        if (neighbour(col(f))) mine = mine + 1
      end do
    end do
    neighbour(col(row_ptr(u) + 1:row_ptr(u + 1))) = .false.
  end do
  !$omp end do
  deallocate(neighbour)
  !$omp end parallel
  call MPI_Reduce(mine, answer, 1, MPI_INTEGER8, MPI_SUM, 0, MPI_COMM_WORLD, ierr)
end function triangle_count
