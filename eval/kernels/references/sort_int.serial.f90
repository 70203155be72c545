subroutine sort_int(n, x) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(inout) :: x(n)
  integer(c_int), allocatable :: runs(:)
  integer :: width, first, middle, last

  ! Merge sort from below: runs of double width in each pass.
  allocate(runs(n))
  width = 1
  do while (width < n)
    do first = 1, n, 2 * width
      middle = min(first + width, n + 1)
      last = min(first + 2 * width, n + 1)
      call merge_runs(first, middle, last)
    end do
    x = runs
    width = 2 * width
  end do
contains
  subroutine merge_runs(first, middle, last)
    integer, intent(in) :: first, middle, last
    integer :: i, j, k
    i = first
    j = middle
    do k = first, last - 1
      if (i < middle .and. (j >= last .or. x(min(i, n)) <= x(min(j, n)))) then
        runs(k) = x(i)
        i = i + 1
      else
        runs(k) = x(j)
        j = j + 1
      end if
    end do
  end subroutine merge_runs
end subroutine sort_int
