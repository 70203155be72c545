function dot(n, x, y) bind(c) result(total)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(in) :: x(n), y(n)
  real(c_double) :: total, part
  integer :: rank, ranks, error, lo, hi

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  lo = int(int(n, 8) * rank / ranks) + 1
  hi = int(int(n, 8) * (rank + 1) / ranks)
  part = dot_product(x(lo:hi), y(lo:hi))
  total = 0.0_c_double
  call MPI_Reduce(part, total, 1, MPI_DOUBLE_PRECISION, MPI_SUM, 0, MPI_COMM_WORLD, error)
end function dot
