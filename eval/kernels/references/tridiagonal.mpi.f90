subroutine tridiagonal(systems, n, lower, diagonal, upper, rhs, x) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: systems, n
  real(c_double), intent(in) :: lower(n, systems), diagonal(n, systems), upper(n, systems), rhs(n, systems)
  real(c_double), intent(inout) :: x(n, systems)
  real(c_double) :: pivot(n), w
  integer :: rank, ranks, ierr, s, i, r
  integer, allocatable :: first(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(first(0:ranks))
  first = [(int(int(systems, 8) * r / ranks), r = 0, ranks)]
  do s = first(rank) + 1, first(rank + 1)
    pivot(1) = diagonal(1, s)
    x(1, s) = rhs(1, s)
    do i = 2, n
      w = lower(i, s) / pivot(i - 1)
      pivot(i) = diagonal(i, s) - w * upper(i - 1, s)
      x(i, s) = rhs(i, s) - w * x(i - 1, s)
    end do
    x(n, s) = x(n, s) / pivot(n)
    do i = n - 1, 1, -1
      x(i, s) = (x(i, s) - upper(i, s) * x(i + 1, s)) / pivot(i)
    end do
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, n * (first(1:) - first(:ranks - 1)), n * first(:ranks - 1), &
    MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, ierr)
end subroutine tridiagonal
