function find_first(n, x, threshold) bind(c) result(answer)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  real(c_float), intent(in) :: x(n)
  real(c_float), value :: threshold
  integer(c_int) :: answer
  integer :: rank, ranks, ierr, lo, hi, i, mine, first

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  lo = int(int(n, 8) * rank / ranks) + 1
  hi = int(int(n, 8) * (rank + 1) / ranks)
  mine = n
  do i = lo, hi
    if (x(i) > threshold) then
      mine = i - 1
      exit
    end if
  end do
  call MPI_Allreduce(mine, first, 1, MPI_INTEGER, MPI_MIN, MPI_COMM_WORLD, ierr)
  answer = first
  if (first == n) answer = -1
end function find_first
