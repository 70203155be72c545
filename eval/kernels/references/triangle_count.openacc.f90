function triangle_count(n, row_ptr, col) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_long) :: answer
  integer(c_long) :: corners
  integer :: entries, u, v, w, e, f, low, high, middle

  ! Pairs of neighbours of u that are neighbours themselves: every triangle is found at each of its corners.
  entries = row_ptr(n + 1)
  corners = 0
  !$acc parallel loop gang copyin(row_ptr, col(1:entries)) copy(corners) reduction(+: corners)
  do u = 1, n
    !$acc loop vector private(v, w, f, low, high, middle) reduction(+: corners)
    do e = row_ptr(u) + 1, row_ptr(u + 1)
      v = col(e) + 1
      do f = e + 1, row_ptr(u + 1)
        w = col(f)
        low = row_ptr(v) + 1
        high = row_ptr(v + 1) + 1
        do while (low < high)
          middle = (low + high) / 2
          if (col(middle) < w) then
            low = middle + 1
          else
            high = middle
          end if
        end do
        if (low <= row_ptr(v + 1)) then
          if (col(low) == w) corners = corners + 1
        end if
      end do
    end do
  end do
  answer = corners / 3
end function triangle_count
