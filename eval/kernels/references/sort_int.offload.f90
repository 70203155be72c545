subroutine sort_int(n, x) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(inout) :: x(n)
  integer(c_int), allocatable :: sorted(:)
  integer :: i, j, place

  ! Each element counts those that come before it in the result.
  allocate(sorted(n))
  !$omp target data map(to: x) map(from: sorted)
  !$omp target teams distribute parallel do private(j, place)
  do i = 1, n
    place = 1
    do j = 1, n
      if (x(j) < x(i) .or. (x(j) == x(i) .and. j < i)) place = place + 1
    end do
    sorted(place) = x(i)
  end do
  !$omp end target teams distribute parallel do
  !$omp end target data
  x = sorted
end subroutine sort_int
