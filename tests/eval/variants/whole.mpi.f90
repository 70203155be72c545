//// axpy slices
subroutine axpy(n, a, x, y) bind(c)
  use iso_c_binding
  use mpi_f08
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: a
  real(c_double), intent(in) :: x(n)
  real(c_double), intent(inout) :: y(n)
  integer :: me, all, each, padded
  real(c_double), allocatable :: mine(:), whole(:)
  call MPI_Comm_rank(MPI_COMM_WORLD, me)
  call MPI_Comm_size(MPI_COMM_WORLD, all)
  each = (n + all - 1) / all
  padded = each * all
  allocate(mine(each), whole(padded))
  mine = 0
  associate (lo => min(me * each, n), hi => min((me + 1) * each, n))
    mine(1:hi - lo) = a * x(lo + 1:hi) + y(lo + 1:hi)
  end associate
  call MPI_Allgather(mine, each, MPI_DOUBLE_PRECISION, whole, each, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD)
  y = whole(1:n)
end subroutine axpy
//// gemv contained
subroutine gemv(m, n, A, x, y) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: m, n
  real(c_double), intent(in) :: A(n, m), x(n)
  real(c_double), intent(inout) :: y(m)
  real(c_double) :: part(m)
  integer :: lo, hi, ierr
  call range(lo, hi)
  part = matmul(x(lo:hi), A(lo:hi, :))
  call MPI_Reduce(part, y, m, MPI_DOUBLE_PRECISION, MPI_SUM, 0, MPI_COMM_WORLD, ierr)
contains
  subroutine range(first, last)
    integer, intent(out) :: first, last
    integer :: rank, ranks
    call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
    call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
    first = n / ranks * rank + 1
    last = n / ranks * (rank + 1)
    if (rank == ranks - 1) last = n
  end subroutine range
end subroutine gemv
