subroutine stencil1d(n, sweeps, left, centre, right, u) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, sweeps
  real(c_float), value :: left, centre, right
  real(c_float), intent(inout) :: u(n)
  integer :: sweep

  do sweep = 1, sweeps
    u = left * cshift(u, -1) + centre * u + right * cshift(u, 1)
  end do
end subroutine stencil1d
