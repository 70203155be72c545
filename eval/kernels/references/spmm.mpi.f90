subroutine spmm(m, n, k, row_ptr, col, val, X, Y) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: m, n, k
  integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
  real(c_float), intent(in) :: val(*), X(k, n)
  real(c_float), intent(inout) :: Y(k, m)
  integer :: rank, ranks, ierr, i, e, r
  integer, allocatable :: first(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(first(0:ranks))
  first = [(int(int(m, 8) * r / ranks), r = 0, ranks)]
  do i = first(rank) + 1, first(rank + 1)
    Y(:, i) = 0
    do e = row_ptr(i) + 1, row_ptr(i + 1)
      Y(:, i) = Y(:, i) + val(e) * X(:, col(e) + 1)
    end do
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, Y, k * (first(1:ranks) - first(0:ranks - 1)), k * first(0:ranks - 1), &
    MPI_REAL, MPI_COMM_WORLD, ierr)
end subroutine spmm
