subroutine nbody_forces(n, softening, mass, x, y, z, ax, ay, az) bind(c)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: softening
  real(c_double), intent(in) :: mass(n), x(n), y(n), z(n)
  real(c_double), intent(inout) :: ax(n), ay(n), az(n)
  integer :: rank, ranks, ierr, i, j
  real(c_double) :: d(3), r2
  real(c_double), allocatable :: a(:, :)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(a(3, n))
  a = 0
  !$omp parallel do private(j, d, r2) schedule(static)
  do i = rank + 1, n, ranks
    do j = 1, n
      d = [x(j) - x(i), y(j) - y(i), z(j) - z(i)]
      r2 = sum(d**2) + softening**2
      a(:, i) = a(:, i) + mass(j) / (r2 * sqrt(r2)) * d
    end do
  end do
  !$omp end parallel do
  call MPI_Allreduce(MPI_IN_PLACE, a, 3 * n, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, ierr)
  ax = a(1, :)
  ay = a(2, :)
  az = a(3, :)
end subroutine nbody_forces
