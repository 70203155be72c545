subroutine tridiagonal(systems, n, lower, diagonal, upper, rhs, x) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: systems, n
  real(c_double), intent(in) :: lower(n, systems), diagonal(n, systems), upper(n, systems), rhs(n, systems)
  real(c_double), intent(inout) :: x(n, systems)
  integer :: s

  !$omp parallel do schedule(static)
  do s = 1, systems
    call thomas(lower(:, s), diagonal(:, s), upper(:, s), rhs(:, s), x(:, s))
  end do
  !$omp end parallel do
contains
  subroutine thomas(a, b, c, d, u)
    real(c_double), intent(in) :: a(n), b(n), c(n), d(n)
    real(c_double), intent(out) :: u(n)
    real(c_double) :: g(n), pivot
    integer :: i

    pivot = b(1)
    u(1) = d(1) / pivot
    do i = 2, n
      g(i) = c(i - 1) / pivot
      pivot = b(i) - a(i) * g(i)
      u(i) = (d(i) - a(i) * u(i - 1)) / pivot
    end do
    do i = n - 1, 1, -1
      u(i) = u(i) - g(i + 1) * u(i + 1)
    end do
  end subroutine thomas
end subroutine tridiagonal
