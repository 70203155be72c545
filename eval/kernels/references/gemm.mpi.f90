subroutine gemm(m, n, k, A, B, C) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: m, n, k
  real(c_double), intent(in) :: A(k, m), B(n, k)
  real(c_double), intent(inout) :: C(n, m)
  integer :: i, rank, ranks, error, lo, hi, s
  integer, allocatable :: counts(:), first(:)
  integer :: l

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  allocate(counts(0:ranks - 1), first(0:ranks - 1))
  do s = 0, ranks - 1
    first(s) = n * share(m, s, ranks)
    counts(s) = n * (share(m, s + 1, ranks) - share(m, s, ranks))
  end do
  lo = share(m, rank, ranks) + 1
  hi = share(m, rank + 1, ranks)
  do i = lo, hi
    C(:, i) = 0.0_c_double
    do l = 1, k
      C(:, i) = C(:, i) + A(l, i) * B(:, l)
    end do
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, C, counts, first, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
contains
  pure integer function share(rows, part, parts)
    integer, intent(in) :: rows, part, parts
    share = int(int(rows, 8) * part / parts)
  end function share
end subroutine gemm
