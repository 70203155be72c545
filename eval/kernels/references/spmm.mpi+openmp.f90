subroutine spmm(m, n, k, row_ptr, col, val, X, Y) bind(c)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: m, n, k
  integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
  real(c_float), intent(in) :: val(*), X(k, n)
  real(c_float), intent(inout) :: Y(k, m)
  integer :: rank, ranks, ierr, i, e

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  ! Round robin, so that long rows are spread; rows of others stay zero and add nothing.
  !$omp parallel do private(e) schedule(dynamic, 8)
  do i = 1, m
    Y(:, i) = 0
    if (mod(i, ranks) /= rank) cycle
    do e = row_ptr(i) + 1, row_ptr(i + 1)
      Y(:, i) = Y(:, i) + val(e) * X(:, col(e) + 1)
    end do
  end do
  !$omp end parallel do
  call MPI_Allreduce(MPI_IN_PLACE, Y, k * m, MPI_REAL, MPI_SUM, MPI_COMM_WORLD, ierr)
end subroutine spmm
