subroutine gemv(m, n, A, x, y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  real(c_double), intent(in) :: A(n, m), x(n)
  real(c_double), intent(inout) :: y(m)
  integer :: i, j
  real(c_double) :: total

  !$omp target data map(to: A, x) map(from: y)
  !$omp target teams distribute parallel do private(j, total)
  do i = 1, m
    total = 0.0_c_double
    do j = 1, n
      total = total + A(j, i) * x(j)
    end do
    y(i) = total
  end do
  !$omp end target teams distribute parallel do
  !$omp end target data
end subroutine gemv
