subroutine blur(height, width, image, radius, mask, out) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: height, width, radius
  real(c_float), intent(in) :: image(width, height), mask(2 * radius + 1, 2 * radius + 1)
  real(c_float), intent(inout) :: out(width, height)
  real(c_float) :: total
  integer :: i, j, p, q

  !$omp target teams distribute parallel do collapse(2) private(p, q, total) map(to: image, mask) map(from: out)
  do i = 1, height
    do j = 1, width
      total = 0.0_c_float
      do p = max(1, i - radius), min(height, i + radius)
        do q = max(1, j - radius), min(width, j + radius)
          total = total + mask(q - j + radius + 1, p - i + radius + 1) * image(q, p)
        end do
      end do
      out(j, i) = total
    end do
  end do
  !$omp end target teams distribute parallel do
end subroutine blur
