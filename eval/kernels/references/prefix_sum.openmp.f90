subroutine prefix_sum(n, x, y) bind(c)
  use iso_c_binding
  use omp_lib
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(in) :: x(n)
  real(c_double), intent(inout) :: y(n)
  integer, parameter :: block = 512
  real(c_double), allocatable :: before(:)
  integer :: b, i, blocks, last
  real(c_double) :: total

  blocks = (n + block - 1) / block
  allocate(before(0:blocks))
  before(0) = 0.0_c_double
  !$omp parallel do
  do b = 1, blocks
    before(b) = sum(x((b - 1) * block + 1:min(b * block, n)))
  end do
  !$omp end parallel do
  do b = 1, blocks
    before(b) = before(b) + before(b - 1)
  end do
  !$omp parallel do private(i, last, total)
  do b = 1, blocks
    total = before(b - 1)
    last = min(b * block, n)
    do i = (b - 1) * block + 1, last
      total = total + x(i)
      y(i) = total
    end do
  end do
  !$omp end parallel do
end subroutine prefix_sum
