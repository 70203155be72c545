subroutine axpy(n, a, x, y) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: a
  real(c_double), intent(in) :: x(n)
  real(c_double), intent(inout) :: y(n)
  integer :: i, r, rank, ranks, error
  integer, allocatable :: counts(:), displs(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  displs = [(int(int(n, 8) * r / ranks), r = 0, ranks)]
  counts = displs(2:) - displs(:ranks)
  !$omp parallel do
  do i = displs(rank + 1) + 1, displs(rank + 2)
    y(i) = y(i) + a * x(i)
  end do
  !$omp end parallel do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, y, counts, displs, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
end subroutine axpy
