subroutine heat3d(nx, ny, nz, steps, alpha, u) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: nx, ny, nz, steps
  real(c_double), value :: alpha
  real(c_double), intent(inout) :: u(nz, ny, nx)
  integer :: step

  if (min(nx, ny, nz) < 3) return
  do step = 1, steps
    ! The right-hand side is evaluated as a whole before anything is assigned.
    u(2:nz - 1, 2:ny - 1, 2:nx - 1) = u(2:nz - 1, 2:ny - 1, 2:nx - 1) + alpha * ( &
        u(1:nz - 2, 2:ny - 1, 2:nx - 1) + u(3:nz, 2:ny - 1, 2:nx - 1) + &
        u(2:nz - 1, 1:ny - 2, 2:nx - 1) + u(2:nz - 1, 3:ny, 2:nx - 1) + &
        u(2:nz - 1, 2:ny - 1, 1:nx - 2) + u(2:nz - 1, 2:ny - 1, 3:nx) - &
        6.0_c_double * u(2:nz - 1, 2:ny - 1, 2:nx - 1))
  end do
end subroutine heat3d
