subroutine blur(height, width, image, radius, mask, out) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: height, width, radius
  real(c_float), intent(in) :: image(width, height), mask(2 * radius + 1, 2 * radius + 1)
  real(c_float), intent(inout) :: out(width, height)
  real(c_float) :: total
  integer :: i, j, p, q

  !$omp parallel do collapse(2) default(none) private(p, q, total) shared(height, width, radius, image, mask, out)
  do i = 1, height
    do j = 1, width
      total = 0.0_c_float
      do p = 1, 2 * radius + 1
        if (i + p - radius - 1 < 1 .or. i + p - radius - 1 > height) cycle
        do q = 1, 2 * radius + 1
          if (j + q - radius - 1 < 1 .or. j + q - radius - 1 > width) cycle
          total = total + mask(q, p) * image(j + q - radius - 1, i + p - radius - 1)
        end do
      end do
      out(j, i) = total
    end do
  end do
  !$omp end parallel do
end subroutine blur
