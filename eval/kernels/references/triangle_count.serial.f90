function triangle_count(n, row_ptr, col) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_long) :: answer
  integer :: u, v, e, f, g, difference

  answer = 0
  do u = 1, n
    do e = row_ptr(u) + 1, row_ptr(u + 1)
      v = col(e) + 1
      if (v >= u) exit
      ! Triangles u > v > w.
      f = row_ptr(u) + 1
      g = row_ptr(v) + 1
      do while (f < e .and. g <= row_ptr(v + 1))
        difference = col(f) - col(g)
        if (difference == 0) answer = answer + 1
        if (difference <= 0) f = f + 1
        if (difference >= 0) g = g + 1
      end do
    end do
  end do
end function triangle_count
