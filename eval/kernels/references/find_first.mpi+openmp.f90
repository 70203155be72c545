function find_first(n, x, threshold) bind(c) result(answer)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: n
  real(c_float), intent(in) :: x(n)
  real(c_float), value :: threshold
  integer(c_int) :: answer
  integer :: rank, ranks, ierr, i, first

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  first = n
  !$omp parallel do reduction(min: first)
  do i = int(int(n, 8) * rank / ranks), int(int(n, 8) * (rank + 1) / ranks) - 1
    if (x(i + 1) > threshold) first = min(first, i)
  end do
  !$omp end parallel do
  call MPI_Allreduce(MPI_IN_PLACE, first, 1, MPI_INTEGER, MPI_MIN, MPI_COMM_WORLD, ierr)
  answer = first
  if (first == n) answer = -1
end function find_first
