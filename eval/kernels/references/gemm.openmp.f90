subroutine gemm(m, n, k, A, B, C) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n, k
  real(c_double), intent(in) :: A(k, m), B(n, k)
  real(c_double), intent(inout) :: C(n, m)
  integer :: i, l

  !$omp parallel do private(l)
  do i = 1, m
    C(:, i) = 0.0_c_double
    do l = 1, k
      C(:, i) = C(:, i) + A(l, i) * B(:, l)
    end do
  end do
  !$omp end parallel do
end subroutine gemm
