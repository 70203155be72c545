function lcs_length(m, n, a, b) bind(c) result(answer)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: m, n
  character(c_char), intent(in) :: a(m), b(n)
  integer(c_int) :: answer
  integer, parameter :: strip = 64, tiles = 4
  integer, allocatable :: west(:), north(:), corner(:, :)
  integer :: rank, ranks, ierr, first, height, j_first, width, edge, d, r, c

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  ! Ranks have blocks of rows, through which strips of columns pass from rank to rank. A strip's part of a block is
  ! cut into tiles x tiles tiles, and threads share those of one antidiagonal.
  first = int(int(m, 8) * rank / ranks)
  height = int(int(m, 8) * (rank + 1) / ranks) - first
  allocate(west(height), north(strip), corner(0:tiles, 0:tiles))
  west = 0
  edge = 0
  do j_first = 1, n, strip
    width = min(strip, n - j_first + 1)
    north = 0
    if (rank > 0) call MPI_Recv(north, width, MPI_INTEGER, rank - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE, ierr)
    corner = edge
    do r = 1, tiles - 1
      if (height * r / tiles > 0) corner(r, 0) = west(height * r / tiles)
      if (width * r / tiles > 0) corner(0, r) = north(width * r / tiles)
    end do
    edge = north(width)
    do d = 0, 2 * tiles - 2
      !$omp parallel do private(c)
      do r = max(0, d - tiles + 1), min(d, tiles - 1)
        c = d - r
        call fill(height * r / tiles, height * (r + 1) / tiles, width * c / tiles, width * (c + 1) / tiles, &
          corner(r, c), corner(r + 1, c + 1))
      end do
      !$omp end parallel do
    end do
    if (rank < ranks - 1) call MPI_Send(north, width, MPI_INTEGER, rank + 1, 0, MPI_COMM_WORLD, ierr)
  end do
  answer = edge
  if (height > 0) answer = west(height)
  call MPI_Bcast(answer, 1, MPI_INTEGER, ranks - 1, MPI_COMM_WORLD, ierr)
contains
  ! Rows i_from + 1 to i_to of the block and columns j_from + 1 to j_to of the strip.
  subroutine fill(i_from, i_to, j_from, j_to, before, last)
    integer, intent(in) :: i_from, i_to, j_from, j_to, before
    integer, intent(out) :: last
    integer :: i, j, diagonal, left, above, next

    next = before
    last = before
    if (j_to > j_from) last = north(j_to)
    do i = i_from + 1, i_to
      diagonal = next
      left = west(i)
      next = left
      do j = j_from + 1, j_to
        above = north(j)
        if (a(first + i) == b(j_first + j - 1)) then
          left = diagonal + 1
        else
          left = max(left, above)
        end if
        north(j) = left
        diagonal = above
      end do
      west(i) = left
      last = left
    end do
  end subroutine fill
end function lcs_length
