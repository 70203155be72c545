subroutine jacobi(n, iterations, b, u) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, iterations
  real(c_double), intent(in) :: b(n, n)
  real(c_double), intent(inout) :: u(n, n)
  integer :: i, j, sweep
  real(c_double), allocatable :: next(:, :)

  allocate(next(n, n))
  do sweep = 1, iterations
    !$omp parallel do private(i)
    do j = 2, n - 1
      do i = 2, n - 1
        next(i, j) = (u(i - 1, j) + u(i + 1, j) + u(i, j - 1) + u(i, j + 1) + b(i, j)) / 4.0_c_double
      end do
    end do
    !$omp end parallel do
    !$omp parallel do private(i)
    do j = 2, n - 1
      do i = 2, n - 1
        u(i, j) = next(i, j)
      end do
    end do
    !$omp end parallel do
  end do
end subroutine jacobi
