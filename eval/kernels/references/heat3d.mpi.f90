subroutine heat3d(nx, ny, nz, steps, alpha, u) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: nx, ny, nz, steps
  real(c_double), value :: alpha
  real(c_double), intent(inout) :: u(nz, ny, nx)
  integer :: i, j, k, step, rank, ranks, used, error, lo, hi, plane, below, above, r, requests(4)
  integer, allocatable :: counts(:), first(:)
  real(c_double), allocatable :: w(:, :, :)

  if (min(nx, ny, nz) < 3) return
  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  plane = ny * nz
  used = min(ranks, nx - 2)
  allocate(counts(0:ranks - 1), first(0:ranks - 1))
  counts = 0
  first = 0
  do r = 0, used - 1
    first(r) = (1 + (nx - 2) * r / used) * plane
    counts(r) = (1 + (nx - 2) * (r + 1) / used) * plane - first(r)
  end do
  lo = first(rank) / plane + 1
  hi = lo + counts(rank) / plane - 1
  below = MPI_PROC_NULL
  above = MPI_PROC_NULL
  if (rank > 0 .and. rank < used) below = rank - 1
  if (rank < used - 1) above = rank + 1
  allocate(w(2:nz - 1, 2:ny - 1, lo:hi))

  do step = 1, steps
    do i = lo, hi
      do j = 2, ny - 1
        do k = 2, nz - 1
          w(k, j, i) = u(k, j, i) + alpha * (u(k - 1, j, i) + u(k + 1, j, i) + u(k, j - 1, i) + u(k, j + 1, i) &
              + u(k, j, i - 1) + u(k, j, i + 1) - 6.0_c_double * u(k, j, i))
        end do
      end do
    end do
    if (rank >= used) cycle
    u(2:nz - 1, 2:ny - 1, lo:hi) = w
    call MPI_Irecv(u(1, 1, lo - 1), plane, MPI_DOUBLE_PRECISION, below, 0, MPI_COMM_WORLD, requests(1), error)
    call MPI_Irecv(u(1, 1, hi + 1), plane, MPI_DOUBLE_PRECISION, above, 1, MPI_COMM_WORLD, requests(2), error)
    call MPI_Isend(u(1, 1, hi), plane, MPI_DOUBLE_PRECISION, above, 0, MPI_COMM_WORLD, requests(3), error)
    call MPI_Isend(u(1, 1, lo), plane, MPI_DOUBLE_PRECISION, below, 1, MPI_COMM_WORLD, requests(4), error)
    call MPI_Waitall(4, requests, MPI_STATUSES_IGNORE, error)
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, u, counts, first, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
end subroutine heat3d
