subroutine heat3d(nx, ny, nz, steps, alpha, u) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: nx, ny, nz, steps
  real(c_double), value :: alpha
  real(c_double), intent(inout) :: u(nz, ny, nx)
  real(c_double), allocatable :: next(:, :, :)
  integer :: i, j, k, step

  ! Two collapsed loops of negative length would be taken for one of positive length.
  if (min(nx, ny, nz) < 3) return
  allocate(next(nz, ny, nx))
  !$acc data copy(u) create(next)
  do step = 1, steps
    !$acc parallel loop collapse(3)
    do i = 2, nx - 1
      do j = 2, ny - 1
        do k = 2, nz - 1
          next(k, j, i) = u(k, j, i) + alpha * (u(k - 1, j, i) + u(k + 1, j, i) + u(k, j - 1, i) + u(k, j + 1, i) &
              + u(k, j, i - 1) + u(k, j, i + 1) - 6.0_c_double * u(k, j, i))
        end do
      end do
    end do
    !$acc parallel loop collapse(3)
    do i = 2, nx - 1
      do j = 2, ny - 1
        do k = 2, nz - 1
          u(k, j, i) = next(k, j, i)
        end do
      end do
    end do
  end do
  !$acc end data
end subroutine heat3d
