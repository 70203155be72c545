integer(c_int) function argmax(n, x) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  real(c_float), intent(in) :: x(n)
  real(c_float) :: local, largest
  integer :: i, rank, ranks, error, lo, hi, first, position

  argmax = -1
  if (n == 0) return
  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  lo = int(int(n, 8) * rank / ranks) + 1
  hi = int(int(n, 8) * (rank + 1) / ranks)
  local = x(1)
  if (lo <= hi) local = max(local, maxval(x(lo:hi)))
  call MPI_Allreduce(local, largest, 1, MPI_REAL, MPI_MAX, MPI_COMM_WORLD, error)
  position = n
  do i = lo, hi
    if (x(i) == largest) then
      position = i
      exit
    end if
  end do
  call MPI_Allreduce(position, first, 1, MPI_INTEGER, MPI_MIN, MPI_COMM_WORLD, error)
  argmax = first - 1
end function argmax
