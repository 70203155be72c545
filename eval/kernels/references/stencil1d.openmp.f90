subroutine stencil1d(n, sweeps, left, centre, right, u) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, sweeps
  real(c_float), value :: left, centre, right
  real(c_float), intent(inout) :: u(n)
  real(c_float), allocatable :: old(:)
  integer :: i, sweep

  if (n == 0) return
  allocate(old(0:n + 1))
  !$omp parallel private(sweep)
  do sweep = 1, sweeps
    !$omp do
    do i = 0, n + 1
      old(i) = u(modulo(i - 1, n) + 1)
    end do
    !$omp end do
    !$omp do
    do i = 1, n
      u(i) = left * old(i - 1) + centre * old(i) + right * old(i + 1)
    end do
    !$omp end do
  end do
  !$omp end parallel
end subroutine stencil1d
