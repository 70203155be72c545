function lcs_length(m, n, a, b) bind(c) result(answer)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: m, n
  character(c_char), intent(in) :: a(m), b(n)
  integer(c_int) :: answer
  integer, parameter :: strip = 50
  integer, allocatable :: left(:), bottom(:)
  integer :: rank, ranks, ierr, first, last, j_first, j_last, i, j, diagonal, above

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  ! Rank by rank, blocks of rows; columns pass through them in strips. left(i) is the cell of row i beside the strip.
  first = int(int(m, 8) * rank / ranks) + 1
  last = int(int(m, 8) * (rank + 1) / ranks)
  allocate(left(first - 1:last), bottom(strip))
  left = 0
  do j_first = 1, n, strip
    j_last = min(n, j_first + strip - 1)
    bottom = 0
    if (rank > 0) call MPI_Recv(bottom, j_last - j_first + 1, MPI_INTEGER, rank - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE, ierr)
    do j = j_first, j_last
      diagonal = left(first - 1)
      above = bottom(j - j_first + 1)
      left(first - 1) = above
      do i = first, last
        if (a(i) == b(j)) then
          above = diagonal + 1
        else
          above = max(above, left(i))
        end if
        diagonal = left(i)
        left(i) = above
      end do
      bottom(j - j_first + 1) = above
    end do
    if (rank < ranks - 1) call MPI_Send(bottom, j_last - j_first + 1, MPI_INTEGER, rank + 1, 0, MPI_COMM_WORLD, ierr)
  end do
  answer = left(last)
  call MPI_Bcast(answer, 1, MPI_INTEGER, ranks - 1, MPI_COMM_WORLD, ierr)
end function lcs_length
