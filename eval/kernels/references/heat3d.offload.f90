subroutine heat3d(nx, ny, nz, steps, alpha, u) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: nx, ny, nz, steps
  real(c_double), value :: alpha
  real(c_double), intent(inout) :: u(nz, ny, nx)
  real(c_double), allocatable :: old(:, :, :)
  integer :: i, j, k, step

  allocate(old(nz, ny, nx))
  !$omp target enter data map(to: u) map(alloc: old)
  do step = 1, steps
    !$omp target teams distribute parallel do collapse(3)
    do i = 1, nx
      do j = 1, ny
        do k = 1, nz
          old(k, j, i) = u(k, j, i)
        end do
      end do
    end do
    !$omp target teams distribute parallel do collapse(3)
    do i = 2, nx - 1
      do j = 2, ny - 1
        do k = 2, nz - 1
          u(k, j, i) = old(k, j, i) + alpha * (old(k - 1, j, i) + old(k + 1, j, i) + old(k, j - 1, i) + old(k, j + 1, i) &
              + old(k, j, i - 1) + old(k, j, i + 1) - 6.0_c_double * old(k, j, i))
        end do
      end do
    end do
  end do
  !$omp target exit data map(from: u) map(delete: old)
end subroutine heat3d
