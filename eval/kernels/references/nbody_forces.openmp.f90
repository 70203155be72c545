subroutine nbody_forces(n, softening, mass, x, y, z, ax, ay, az) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: softening
  real(c_double), intent(in) :: mass(n), x(n), y(n), z(n)
  real(c_double), intent(inout) :: ax(n), ay(n), az(n)
  integer :: i, j
  real(c_double) :: d(3), total(3), d2

  !$omp parallel do private(j, d, total, d2)
  do i = 1, n
    total = 0
    do j = 1, n
      d = [x(j) - x(i), y(j) - y(i), z(j) - z(i)]
      d2 = dot_product(d, d) + softening**2
      total = total + mass(j) * d / (d2 * sqrt(d2))
    end do
    ax(i) = total(1)
    ay(i) = total(2)
    az(i) = total(3)
  end do
  !$omp end parallel do
end subroutine nbody_forces
