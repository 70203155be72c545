subroutine bfs_levels(n, row_ptr, col, source, level) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_int), value :: source
  integer(c_int), intent(inout) :: level(n)
  logical :: more
  integer, allocatable :: next(:)
  integer :: edges, depth, v, e

  edges = row_ptr(n + 1)
  allocate(next(n))
  !$acc data copyin(row_ptr, col(1:edges)) copyout(level) create(next)
  !$acc kernels
  level = -1
  level(source + 1) = 0
  next = level
  !$acc end kernels
  more = .true.
  depth = 0
  do while (more)
    !$acc parallel loop private(e) present(col(1:edges))
    do v = 1, n
      if (level(v) == depth) then
        do e = row_ptr(v) + 1, row_ptr(v + 1)
          if (level(col(e) + 1) == -1) then
            !$acc atomic write
            next(col(e) + 1) = depth + 1
          end if
        end do
      end if
    end do
    more = .false.
    !$acc parallel loop reduction(.or.: more) copy(more)
    do v = 1, n
      more = more .or. next(v) /= level(v)
      level(v) = next(v)
    end do
    depth = depth + 1
  end do
  !$acc end data
end subroutine bfs_levels
