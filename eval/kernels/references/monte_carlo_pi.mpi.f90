function monte_carlo_pi(n, seed) bind(c) result(answer)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_long), value :: n
  integer(c_int), value :: seed
  integer(c_long) :: answer
  integer(c_int64_t), parameter :: mask32 = int(z'ffffffff', c_int64_t)
  integer(c_int64_t) :: i, x, y, mine, total
  integer :: rank, ranks, ierr

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  mine = 0
  do i = n * rank / ranks, n * (rank + 1) / ranks - 1
    x = ishft(hash(seed + 2 * i), -1)
    y = ishft(hash(seed + 2 * i + 1), -1)
    if (x * x + y * y < ishft(1_c_int64_t, 62)) mine = mine + 1
  end do
  call MPI_Allreduce(mine, total, 1, MPI_INTEGER8, MPI_SUM, MPI_COMM_WORLD, ierr)
  answer = total
contains
  integer(c_int64_t) function hash(counter)
    integer(c_int64_t), intent(in) :: counter
    hash = iand(counter, mask32)
    hash = scrambled(scrambled(hash))
    hash = ieor(hash, ishft(hash, -16))
  end function hash

  integer(c_int64_t) function scrambled(h)
    integer(c_int64_t), intent(in) :: h
    scrambled = iand(ieor(h, ishft(h, -16)) * int(z'45d9f3b', c_int64_t), mask32)
  end function scrambled
end function monte_carlo_pi
