subroutine gemm(m, n, k, A, B, C) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n, k
  real(c_double), intent(in) :: A(k, m), B(n, k)
  real(c_double), intent(inout) :: C(n, m)
  integer :: i, j, l
  real(c_double) :: total

  !$acc parallel loop collapse(2) private(total) copyin(A, B) copyout(C)
  do i = 1, m
    do j = 1, n
      total = 0.0_c_double
      !$acc loop seq
      do l = 1, k
        total = total + A(l, i) * B(j, l)
      end do
      C(j, i) = total
    end do
  end do
end subroutine gemm
