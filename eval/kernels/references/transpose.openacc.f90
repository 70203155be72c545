subroutine transpose(m, n, A, B) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  real(c_float), intent(in) :: A(n, m)
  real(c_float), intent(inout) :: B(m, n)
  integer :: i, j

  !$acc parallel loop gang copyin(A) copyout(B)
  do j = 1, n
    !$acc loop vector
    do i = 1, m
      B(i, j) = A(j, i)
    end do
  end do
end subroutine transpose
