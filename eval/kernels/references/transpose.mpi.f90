subroutine transpose(m, n, A, B) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: m, n
  real(c_float), intent(in) :: A(n, m)
  real(c_float), intent(inout) :: B(m, n)
  integer :: rank, ranks, ierr, r, j, lo, hi

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  lo = first(rank)
  hi = first(rank + 1) - 1
  do j = lo, hi
    B(:, j) = A(j, :)
  end do
  do r = 0, ranks - 1
    if (m > 0 .and. first(r + 1) > first(r)) then
      call MPI_Bcast(B(1, first(r)), m * (first(r + 1) - first(r)), MPI_REAL, r, MPI_COMM_WORLD, ierr)
    end if
  end do
contains
  integer function first(r)
    integer, intent(in) :: r
    first = 1 + int(int(n, 8) * r / ranks)
  end function first
end subroutine transpose
