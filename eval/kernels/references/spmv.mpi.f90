subroutine spmv(n, row_ptr, col, val, x, y) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  real(c_double), intent(in) :: val(*), x(n)
  real(c_double), intent(inout) :: y(n)
  integer :: i, rank, ranks, error, lo, hi, s
  integer, allocatable :: counts(:), first(:)
  integer :: e
  real(c_double) :: total

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  allocate(counts(0:ranks - 1), first(0:ranks - 1))
  do s = 0, ranks - 1
    first(s) = share(n, s, ranks)
    counts(s) = (share(n, s + 1, ranks) - share(n, s, ranks))
  end do
  lo = share(n, rank, ranks) + 1
  hi = share(n, rank + 1, ranks)
  do i = lo, hi
    total = 0.0_c_double
    do e = row_ptr(i) + 1, row_ptr(i + 1)
      total = total + val(e) * x(col(e) + 1)
    end do
    y(i) = total
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, first, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
contains
  pure integer function share(rows, part, parts)
    integer, intent(in) :: rows, part, parts
    share = int(int(rows, 8) * part / parts)
  end function share
end subroutine spmv
