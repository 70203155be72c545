subroutine nbody_forces(n, softening, mass, x, y, z, ax, ay, az) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: softening
  real(c_double), intent(in) :: mass(n), x(n), y(n), z(n)
  real(c_double), intent(inout) :: ax(n), ay(n), az(n)
  real(c_double) :: weight(n)
  integer :: i

  do i = 1, n
    weight = mass * ((x - x(i))**2 + (y - y(i))**2 + (z - z(i))**2 + softening**2)**(-1.5_c_double)
    ax(i) = sum(weight * (x - x(i)))
    ay(i) = sum(weight * (y - y(i)))
    az(i) = sum(weight * (z - z(i)))
  end do
end subroutine nbody_forces
