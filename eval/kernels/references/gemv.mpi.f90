subroutine gemv(m, n, A, x, y) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: m, n
  real(c_double), intent(in) :: A(n, m), x(n)
  real(c_double), intent(inout) :: y(m)
  integer :: i, rank, ranks, error, lo, hi, s
  integer, allocatable :: counts(:), first(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  allocate(counts(0:ranks - 1), first(0:ranks - 1))
  do s = 0, ranks - 1
    first(s) = share(m, s, ranks)
    counts(s) = (share(m, s + 1, ranks) - share(m, s, ranks))
  end do
  lo = share(m, rank, ranks) + 1
  hi = share(m, rank + 1, ranks)
  do i = lo, hi
    y(i) = dot_product(A(:, i), x)
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, first, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
contains
  pure integer function share(rows, part, parts)
    integer, intent(in) :: rows, part, parts
    share = int(int(rows, 8) * part / parts)
  end function share
end subroutine gemv
