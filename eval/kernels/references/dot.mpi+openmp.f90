function dot(n, x, y) bind(c) result(total)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(in) :: x(n), y(n)
  real(c_double) :: total, part
  integer :: i, rank, ranks, error

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  part = 0.0_c_double
  !$omp parallel do reduction(+ : part)
  do i = 1 + rank, n, ranks
    part = part + x(i) * y(i)
  end do
  !$omp end parallel do
  call MPI_Allreduce(part, total, 1, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, error)
end function dot
