subroutine lower_bound(n, sorted, m, keys, position) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n, m
  integer(c_long), intent(in) :: sorted(n), keys(m)
  integer(c_int), intent(inout) :: position(m)
  integer :: rank, ranks, ierr, j, low, high, middle
  integer, allocatable :: local(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(local(m))
  local = 0
  ! Round robin: the other ranks' positions stay zero and add nothing.
  do j = rank + 1, m, ranks
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
    local(j) = low
  end do
  call MPI_Allreduce(local, position, m, MPI_INTEGER, MPI_SUM, MPI_COMM_WORLD, ierr)
end subroutine lower_bound
