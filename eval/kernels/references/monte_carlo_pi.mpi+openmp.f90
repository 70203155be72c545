function monte_carlo_pi(n, seed) bind(c) result(answer)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_long), value :: n
  integer(c_int), value :: seed
  integer(c_long) :: answer
  integer(8), parameter :: mask = int(z'ffffffff', 8)
  integer(8) :: i, mine
  integer :: rank, ranks, ierr

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  mine = 0
  !$omp parallel do reduction(+: mine)
  do i = rank, n - 1, ranks
    if (square(seed + 2 * i) + square(seed + 2 * i + 1) < ishft(1_8, 62)) mine = mine + 1
  end do
  !$omp end parallel do
  call MPI_Allreduce(mine, answer, 1, MPI_INTEGER8, MPI_SUM, MPI_COMM_WORLD, ierr)
contains
  ! The square of the coordinate that a counter gives.
  pure integer(8) function square(counter)
    integer(8), intent(in) :: counter
    integer(8) :: h
    integer :: round

    h = iand(counter, mask)
    do round = 1, 2
      h = iand(ieor(h, ishft(h, -16)) * int(z'45d9f3b', 8), mask)
    end do
    square = ishft(ieor(h, ishft(h, -16)), -1)**2
  end function square
end function monte_carlo_pi
