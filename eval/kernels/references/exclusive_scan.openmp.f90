function exclusive_scan(n, counts, offsets) bind(c) result(answer)
  use iso_c_binding
  use omp_lib
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: counts(n)
  integer(c_long), intent(inout) :: offsets(n)
  integer(c_long) :: answer
  integer :: p, parts, i, lo, hi
  integer(c_long), allocatable :: sums(:)
  integer(c_long) :: next

  parts = omp_get_max_threads()
  allocate(sums(0:parts))
  sums = 0
  !$omp parallel do private(i, lo, hi, next)
  do p = 1, parts
    lo = int(int(n, 8) * (p - 1) / parts) + 1
    hi = int(int(n, 8) * p / parts)
    next = 0
    do i = lo, hi
      next = next + counts(i)
    end do
    sums(p) = next
  end do
  !$omp end parallel do
  do p = 1, parts
    sums(p) = sums(p) + sums(p - 1)
  end do
  !$omp parallel do private(i, lo, hi, next)
  do p = 1, parts
    lo = int(int(n, 8) * (p - 1) / parts) + 1
    hi = int(int(n, 8) * p / parts)
    next = sums(p - 1)
    do i = lo, hi
      offsets(i) = next
      next = next + counts(i)
    end do
  end do
  !$omp end parallel do
  answer = sums(parts)
end function exclusive_scan
