subroutine transpose(m, n, A, B) bind(c)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: m, n
  real(c_float), intent(in) :: A(n, m)
  real(c_float), intent(inout) :: B(m, n)
  integer :: rank, ranks, ierr, j, r
  integer, allocatable :: first(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(first(0:ranks))
  first = [(int(int(n, 8) * r / ranks), r = 0, ranks)]
  !$omp parallel do
  do j = first(rank) + 1, first(rank + 1)
    B(:, j) = A(j, :)
  end do
  !$omp end parallel do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, B, m * (first(1:) - first(:ranks - 1)), m * first(:ranks - 1), &
    MPI_REAL, MPI_COMM_WORLD, ierr)
end subroutine transpose
