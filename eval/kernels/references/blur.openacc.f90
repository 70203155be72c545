subroutine blur(height, width, image, radius, mask, out) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: height, width, radius
  real(c_float), intent(in) :: image(width, height), mask(2 * radius + 1, 2 * radius + 1)
  real(c_float), intent(inout) :: out(width, height)
  real(c_float) :: total
  integer :: i, j, p, q, y, x

  !$acc parallel loop collapse(2) private(total) copyin(image, mask) copyout(out)
  do i = 1, height
    do j = 1, width
      total = 0.0_c_float
      !$acc loop seq
      do p = 1, 2 * radius + 1
        !$acc loop seq
        do q = 1, 2 * radius + 1
          y = i + p - radius - 1
          x = j + q - radius - 1
          if (y >= 1 .and. y <= height .and. x >= 1 .and. x <= width) total = total + mask(q, p) * image(x, y)
        end do
      end do
      out(j, i) = total
    end do
  end do
end subroutine blur
