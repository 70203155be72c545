subroutine nbody_forces(n, softening, mass, x, y, z, ax, ay, az) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: softening
  real(c_double), intent(in) :: mass(n), x(n), y(n), z(n)
  real(c_double), intent(inout) :: ax(n), ay(n), az(n)
  integer :: i, j
  real(c_double) :: r2, s, sx, sy, sz

  !$acc data copyin(mass, x, y, z) copyout(ax, ay, az)
  !$acc parallel loop gang private(sx, sy, sz)
  do i = 1, n
    sx = 0
    sy = 0
    sz = 0
    !$acc loop vector private(r2, s) reduction(+: sx, sy, sz)
    do j = 1, n
      r2 = (x(j) - x(i))**2 + (y(j) - y(i))**2 + (z(j) - z(i))**2 + softening**2
      s = mass(j) / (r2 * sqrt(r2))
      sx = sx + s * (x(j) - x(i))
      sy = sy + s * (y(j) - y(i))
      sz = sz + s * (z(j) - z(i))
    end do
    ax(i) = sx
    ay(i) = sy
    az(i) = sz
  end do
  !$acc end data
end subroutine nbody_forces
