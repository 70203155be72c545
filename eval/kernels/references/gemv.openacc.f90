subroutine gemv(m, n, A, x, y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  real(c_double), intent(in) :: A(n, m), x(n)
  real(c_double), intent(inout) :: y(m)
  integer :: i, j
  real(c_double) :: total

  !$acc kernels copyin(A, x) copyout(y)
  !$acc loop independent gang private(total)
  do i = 1, m
    total = 0.0_c_double
    !$acc loop vector reduction(+ : total)
    do j = 1, n
      total = total + A(j, i) * x(j)
    end do
    y(i) = total
  end do
  !$acc end kernels
end subroutine gemv
