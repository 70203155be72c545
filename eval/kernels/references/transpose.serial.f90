subroutine transpose(m, n, A, B) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  real(c_float), intent(in) :: A(n, m)
  real(c_float), intent(inout) :: B(m, n)
  integer :: i

  do i = 1, m
    B(i, :) = A(:, i)
  end do
end subroutine transpose
