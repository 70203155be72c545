subroutine stencil1d(n, sweeps, left, centre, right, u) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, sweeps
  real(c_float), value :: left, centre, right
  real(c_float), intent(inout) :: u(n)
  real(c_float), allocatable :: v(:)
  integer :: i, sweep

  allocate(v(n))
  !$omp target data map(tofrom: u) map(alloc: v)
  do sweep = 1, sweeps
    !$omp target teams distribute parallel do
    do i = 1, n
      v(i) = left * u(merge(n, i - 1, i == 1)) + centre * u(i) + right * u(merge(1, i + 1, i == n))
    end do
    !$omp target teams distribute parallel do
    do i = 1, n
      u(i) = v(i)
    end do
  end do
  !$omp end target data
end subroutine stencil1d
