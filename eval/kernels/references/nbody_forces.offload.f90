subroutine nbody_forces(n, softening, mass, x, y, z, ax, ay, az) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: softening
  real(c_double), intent(in) :: mass(n), x(n), y(n), z(n)
  real(c_double), intent(inout) :: ax(n), ay(n), az(n)
  integer :: i, j
  real(c_double) :: dx, dy, dz, d2, w, sx, sy, sz

  !$omp target teams distribute parallel do private(j, dx, dy, dz, d2, w, sx, sy, sz) map(to: mass, x, y, z) map(from: ax, ay, az)
  do i = 1, n
    sx = 0
    sy = 0
    sz = 0
    do j = 1, n
      dx = x(j) - x(i)
      dy = y(j) - y(i)
      dz = z(j) - z(i)
      d2 = dx**2 + dy**2 + dz**2 + softening**2
      w = mass(j) / (d2 * sqrt(d2))
      sx = sx + w * dx
      sy = sy + w * dy
      sz = sz + w * dz
    end do
    ax(i) = sx
    ay(i) = sy
    az(i) = sz
  end do
end subroutine nbody_forces
