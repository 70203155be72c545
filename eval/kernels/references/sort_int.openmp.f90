subroutine sort_int(n, x) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(inout) :: x(n)
  integer(c_int), allocatable :: y(:)
  integer :: i, j, k, first, middle, last, width

  allocate(y(n))
  width = 1
  do while (width < n)
    !$omp parallel do private(i, j, k, middle, last) schedule(dynamic)
    do first = 1, n, 2 * width
      middle = min(first + width, n + 1)
      last = min(first + 2 * width, n + 1)
      i = first
      j = middle
      do k = first, last - 1
        if (j >= last) then
          y(k) = x(i)
          i = i + 1
        else if (i >= middle) then
          y(k) = x(j)
          j = j + 1
        else if (x(i) <= x(j)) then
          y(k) = x(i)
          i = i + 1
        else
          y(k) = x(j)
          j = j + 1
        end if
      end do
    end do
    !$omp end parallel do
    !$omp parallel do
    do k = 1, n
      x(k) = y(k)
    end do
    !$omp end parallel do
    width = 2 * width
  end do
end subroutine sort_int
