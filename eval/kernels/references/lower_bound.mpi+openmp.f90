subroutine lower_bound(n, sorted, m, keys, position) bind(c)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: n, m
  integer(c_long), intent(in) :: sorted(n), keys(m)
  integer(c_int), intent(inout) :: position(m)
  integer :: rank, ranks, ierr, j, low, high, middle, first, last, r

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  first = int(int(m, 8) * rank / ranks) + 1
  last = int(int(m, 8) * (rank + 1) / ranks)
  !$omp parallel do private(low, high, middle)
  do j = first, last
    low = 0
    high = n
    do while (low < high)
      middle = (low + high) / 2
      if (sorted(middle + 1) < keys(j)) then
        low = middle + 1
      else
        high = middle
      end if
    end do
    position(j) = low
  end do
  !$omp end parallel do
  do r = 0, ranks - 1
    first = int(int(m, 8) * r / ranks) + 1
    last = int(int(m, 8) * (r + 1) / ranks)
    if (last >= first) call MPI_Bcast(position(first), last - first + 1, MPI_INTEGER, r, MPI_COMM_WORLD, ierr)
  end do
end subroutine lower_bound
