subroutine blur(height, width, image, radius, mask, out) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: height, width, radius
  real(c_float), intent(in) :: image(width, height), mask(2 * radius + 1, 2 * radius + 1)
  real(c_float), intent(inout) :: out(width, height)
  integer :: i, j, p, q

  do i = 1, height
    do j = 1, width
      out(j, i) = 0.0_c_float
      do p = max(-radius, 1 - i), min(radius, height - i)
        do q = max(-radius, 1 - j), min(radius, width - j)
          out(j, i) = out(j, i) + mask(q + radius + 1, p + radius + 1) * image(j + q, i + p)
        end do
      end do
    end do
  end do
end subroutine blur
