subroutine prefix_sum(n, x, y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(in) :: x(n)
  real(c_double), intent(inout) :: y(n)
  integer, parameter :: chunk = 512
  real(c_double), allocatable :: base(:)
  real(c_double) :: total
  integer :: b, i, chunks

  chunks = (n + chunk - 1) / chunk
  if (chunks == 0) return
  allocate(base(0:chunks))
  base(0) = 0.0_c_double
  !$omp target data map(to: x) map(from: y) map(tofrom: base)
  !$omp target teams distribute parallel do private(i, total)
  do b = 1, chunks
    total = 0.0_c_double
    do i = (b - 1) * chunk + 1, min(b * chunk, n)
      total = total + x(i)
      y(i) = total
    end do
    base(b) = total
  end do
  ! The few sums of chunks are added up on the host.
  !$omp target update from(base)
  do b = 1, chunks
    base(b) = base(b) + base(b - 1)
  end do
  !$omp target update to(base)
  !$omp target teams distribute parallel do
  do i = chunk + 1, n
    y(i) = y(i) + base((i - 1) / chunk)
  end do
  !$omp end target data
end subroutine prefix_sum
