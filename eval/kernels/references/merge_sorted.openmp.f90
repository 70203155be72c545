subroutine merge_sorted(m, n, a, b, c, source) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  real(c_double), intent(in) :: a(m), b(n)
  real(c_double), intent(inout) :: c(m + n)
  integer(c_int), intent(inout) :: source(m + n)
  integer :: i, j, k

  !$omp parallel do private(k)
  do i = 1, m
    k = i + below(b, n, a(i))
    c(k) = a(i)
    source(k) = i - 1
  end do
  !$omp end parallel do
  !$omp parallel do private(k)
  do j = 1, n
    k = j + up_to(a, m, b(j))
    c(k) = b(j)
    source(k) = m + j - 1
  end do
  !$omp end parallel do
contains
  pure integer function below(x, length, value)
    integer, intent(in) :: length
    real(c_double), intent(in) :: x(length), value
    integer :: last, middle
    below = 0
    last = length
    do while (below < last)
      middle = (below + last) / 2
      if (x(middle + 1) < value) then
        below = middle + 1
      else
        last = middle
      end if
    end do
  end function below

  pure integer function up_to(x, length, value)
    integer, intent(in) :: length
    real(c_double), intent(in) :: x(length), value
    integer :: last, middle
    up_to = 0
    last = length
    do while (up_to < last)
      middle = (up_to + last) / 2
      if (x(middle + 1) <= value) then
        up_to = middle + 1
      else
        last = middle
      end if
    end do
  end function up_to
end subroutine merge_sorted
