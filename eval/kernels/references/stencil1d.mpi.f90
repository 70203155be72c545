subroutine stencil1d(n, sweeps, left, centre, right, u) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n, sweeps
  real(c_float), value :: left, centre, right
  real(c_float), intent(inout) :: u(n)
  integer :: i, r, sweep, rank, ranks, error
  integer, allocatable :: first(:), counts(:)
  real(c_float), allocatable :: part(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  first = [(int(int(n, 8) * r / ranks), r = 0, ranks)]
  counts = first(2:) - first(:ranks)
  allocate(part(first(rank + 1) + 1:first(rank + 2)))
  do sweep = 1, sweeps
    do i = first(rank + 1) + 1, first(rank + 2)
      part(i) = left * u(modulo(i - 2, n) + 1) + centre * u(i) + right * u(modulo(i, n) + 1)
    end do
    call MPI_Allgatherv(part, counts(rank + 1), MPI_REAL, u, counts, first, MPI_REAL, MPI_COMM_WORLD, error)
  end do
end subroutine stencil1d
