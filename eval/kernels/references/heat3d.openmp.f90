subroutine heat3d(nx, ny, nz, steps, alpha, u) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: nx, ny, nz, steps
  real(c_double), value :: alpha
  real(c_double), intent(inout) :: u(nz, ny, nx)
  real(c_double), allocatable :: w(:, :, :)
  integer :: i, j, k, step

  allocate(w(nz, ny, nx))
  do step = 1, steps
    !$omp parallel do collapse(2) private(k)
    do i = 2, nx - 1
      do j = 2, ny - 1
        do k = 2, nz - 1
          w(k, j, i) = u(k, j, i) + alpha * (u(k - 1, j, i) + u(k + 1, j, i) + u(k, j - 1, i) + u(k, j + 1, i) &
              + u(k, j, i - 1) + u(k, j, i + 1) - 6.0_c_double * u(k, j, i))
        end do
      end do
    end do
    !$omp end parallel do
    !$omp parallel do collapse(2) private(k)
    do i = 2, nx - 1
      do j = 2, ny - 1
        do k = 2, nz - 1
          u(k, j, i) = w(k, j, i)
        end do
      end do
    end do
    !$omp end parallel do
  end do
end subroutine heat3d
