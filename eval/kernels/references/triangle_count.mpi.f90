function triangle_count(n, row_ptr, col) bind(c) result(answer)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_long) :: answer
  integer(c_long) :: mine
  integer :: rank, ranks, ierr, u, v, e, f
  logical, allocatable :: neighbour(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(neighbour(0:n))
  neighbour = .false.
  mine = 0
  do u = rank, n - 1, ranks
    neighbour(col(row_ptr(u + 1) + 1:row_ptr(u + 2))) = .true.
    do e = row_ptr(u + 1) + 1, row_ptr(u + 2)
      v = col(e)
      if (v < u) cycle
      do f = row_ptr(v + 1) + 1, row_ptr(v + 2)
        if (col(f) > v .and. neighbour(col(f))) mine = mine + 1
      end do
    end do
    neighbour(col(row_ptr(u + 1) + 1:row_ptr(u + 2))) = .false.
  end do
  call MPI_Allreduce(mine, answer, 1, MPI_INTEGER8, MPI_SUM, MPI_COMM_WORLD, ierr)
end function triangle_count
