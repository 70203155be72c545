subroutine nbody_forces(n, softening, mass, x, y, z, ax, ay, az) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: softening
  real(c_double), intent(in) :: mass(n), x(n), y(n), z(n)
  real(c_double), intent(inout) :: ax(n), ay(n), az(n)
  integer :: rank, ranks, ierr, i, j
  real(c_double) :: dx, dy, dz, r2, s

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  ax = 0
  ay = 0
  az = 0
  do i = rank + 1, n, ranks
    do j = 1, n
      dx = x(j) - x(i)
      dy = y(j) - y(i)
      dz = z(j) - z(i)
      r2 = dx * dx + dy * dy + dz * dz + softening * softening
      s = mass(j) / (r2 * sqrt(r2))
      ax(i) = ax(i) + s * dx
      ay(i) = ay(i) + s * dy
      az(i) = az(i) + s * dz
    end do
  end do
  call MPI_Allreduce(MPI_IN_PLACE, ax, n, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, ierr)
  call MPI_Allreduce(MPI_IN_PLACE, ay, n, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, ierr)
  call MPI_Allreduce(MPI_IN_PLACE, az, n, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, ierr)
end subroutine nbody_forces
