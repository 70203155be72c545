function count_above(n, x, limit) bind(c) result(answer)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n, limit
  integer(c_int), intent(in) :: x(n)
  integer(c_long) :: answer
  integer(c_int64_t) :: local, total
  integer :: rank, ranks, error

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  local = count(x(rank + 1:n:ranks) > limit, kind=c_int64_t)
  call MPI_Allreduce(local, total, 1, MPI_INTEGER8, MPI_SUM, MPI_COMM_WORLD, error)
  answer = int(total, c_long)
end function count_above
