subroutine gemv(m, n, A, x, y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  real(c_double), intent(in) :: A(n, m), x(n)
  real(c_double), intent(inout) :: y(m)
  integer :: i

  !$omp parallel do
  do i = 1, m
    y(i) = dot_product(A(:, i), x)
  end do
  !$omp end parallel do
end subroutine gemv
