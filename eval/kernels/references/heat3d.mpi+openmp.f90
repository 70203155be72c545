subroutine heat3d(nx, ny, nz, steps, alpha, u) bind(c)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: nx, ny, nz, steps
  real(c_double), value :: alpha
  real(c_double), intent(inout) :: u(nz, ny, nx)
  integer :: i, j, k, r, step, rank, ranks, error, plane
  integer, allocatable :: first(:), counts(:), displs(:)
  real(c_double), allocatable :: old(:, :, :)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  plane = ny * nz
  ! The interior planes first(r) to first(r + 1) - 1 belong to rank r.
  first = [(2 + max(0, nx - 2) * r / ranks, r = 0, ranks)]
  counts = (first(2:) - first(:ranks)) * plane
  displs = (first(:ranks) - 1) * plane
  allocate(old(nz, ny, nx))
  do step = 1, steps
    old = u
    !$omp parallel do collapse(2) private(k)
    do i = first(rank + 1), first(rank + 2) - 1
      do j = 2, ny - 1
        do k = 2, nz - 1
          u(k, j, i) = old(k, j, i) + alpha * (old(k - 1, j, i) + old(k + 1, j, i) + old(k, j - 1, i) + old(k, j + 1, i) &
              + old(k, j, i - 1) + old(k, j, i + 1) - 6.0_c_double * old(k, j, i))
        end do
      end do
    end do
    !$omp end parallel do
    call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, u, counts, displs, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
  end do
end subroutine heat3d
