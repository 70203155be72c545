function exclusive_scan(n, counts, offsets) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: counts(n)
  integer(c_long), intent(inout) :: offsets(n)
  integer(c_long) :: answer, next
  integer, parameter :: length = 256
  integer(c_long), allocatable :: sums(:)
  integer :: p, i, parts

  parts = (n + length - 1) / length
  allocate(sums(parts))
  !$acc parallel loop private(next) copyin(counts) copyout(sums)
  do p = 1, parts
    next = 0
    !$acc loop seq
    do i = (p - 1) * length + 1, min(p * length, n)
      next = next + counts(i)
    end do
    sums(p) = next
  end do
  answer = 0
  do p = 1, parts
    next = sums(p)
    sums(p) = answer
    answer = answer + next
  end do
  !$acc parallel loop private(next) copyin(counts, sums) copyout(offsets)
  do p = 1, parts
    next = sums(p)
    !$acc loop seq
    do i = (p - 1) * length + 1, min(p * length, n)
      offsets(i) = next
      next = next + counts(i)
    end do
  end do
end function exclusive_scan
