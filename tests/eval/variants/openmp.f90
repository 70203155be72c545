//// combined
$HEAD
  integer :: i
  !$omp parallel do
  do i = 1, $ROWS
    $BODY
  end do
  !$omp end parallel do
$END
//// no-end
$HEAD
  integer :: i
!$OMP PARALLEL DO SCHEDULE(STATIC) DEFAULT(SHARED) &
!$OMP& PRIVATE(I)
  DO i = 1, $ROWS
    $BODY
  ENDDO
$END
//// two-constructs
$HEAD
  integer :: i
  !$omp parallel
  !$omp do schedule(dynamic, 8)
  do i = 1, $ROWS
    $BODY
  end do
  !$omp end do nowait
  !$omp end parallel
$END
//// with-library
$HEAD_LIB
  integer :: i, thread, threads
  !$omp parallel private(i, thread, threads)
  thread = omp_get_thread_num()
  threads = omp_get_num_threads()
  do i = 1 + thread, $ROWS, threads
    $BODY
  end do
  !$omp end parallel
$END
//// sentinel
$HEAD_LIB
  integer :: i, lo, hi, thread, threads
  !$omp parallel private(i, lo, hi, thread, threads)
  thread = 0
  threads = 1
  !$ thread = omp_get_thread_num()
  !$ threads = omp_get_num_threads()
  lo = int(int($ROWS, 8) * thread / threads) + 1
  hi = int(int($ROWS, 8) * (thread + 1) / threads)
  do i = lo, hi
    $BODY
  end do
  !$omp end parallel
$END
//// tasks
$HEAD
  integer :: i, part
  !$omp parallel
  !$omp single
  do part = 0, 7
    !$omp task firstprivate(part) private(i)
    do i = $ROWS * part / 8 + 1, $ROWS * (part + 1) / 8
      $BODY
    end do
    !$omp end task
  end do
  !$omp end single
  !$omp end parallel
$END
//// taskloop
$HEAD
  integer :: i
  !$omp parallel
  !$omp master
  !$omp taskloop grainsize(4)
  do i = 1, $ROWS
    $BODY
  end do
  !$omp end taskloop
  !$omp end master
  !$omp end parallel
$END
//// sections
$HEAD
  integer :: i, j
  !$omp parallel sections private(i)
  !$omp section
  do i = 1, $ROWS / 2
    $BODY
  end do
  !$omp section
  do i = $ROWS / 2 + 1, $ROWS
    $BODY
  end do
  !$omp end parallel sections
$END
//// blocks-with-do-concurrent
$HEAD
  integer :: i, part
  !$omp parallel do private(i)
  do part = 0, 3
    do concurrent (i = $ROWS * part / 4 + 1:$ROWS * (part + 1) / 4)
      $BODY
    end do
  end do
$END
//// contained-helper
$HEAD
  integer :: t
  !$omp parallel do ! each row apart
  do t = 1, $ROWS
    call one(t)
  end do
  !$omp end parallel do
contains
  subroutine one(i)
    integer, intent(in) :: i
    $BODY
  end subroutine one
$END
//// orphaned-in-helper
$HEAD
  !$omp parallel
  call rows()
  !$omp end parallel
contains
  subroutine rows()
    integer :: i
    !$omp do
    do i = 1, $ROWS
      $BODY
    end do
    !$omp end do
  end subroutine rows
$END
//// if-clause-and-label
$HEAD
  integer :: i
  if ($ROWS < 1) return
  !$omp parallel do if ($ROWS > 16) schedule(guided)
  rows: do i = $ROWS, 1, -1
    $BODY
  end do rows
  !$omp end parallel do
$END
//// block-construct
$HEAD
  integer :: i
  !$omp parallel default(shared)
  block
    character(len=24) :: text
    text = '!$omp end parallel'
    !$omp do
    do i = 1, $ROWS
      $BODY
    end do
    !$omp end do
  end block
  !$omp end parallel
$END
//// collapsed
$HEAD
  integer :: block_, in, i
  !$omp parallel do collapse(2) private(i)
  do block_ = 0, ($ROWS + 7) / 8 - 1
    do in = 1, 8
      i = 8 * block_ + in
      if (i <= $ROWS) then
        $BODY
      end if
    end do
  end do
  !$omp end parallel do
$END
//// simd
$HEAD
  integer :: i
  !$omp parallel do simd
  do i = 1, $ROWS
    $BODY
  end do
  !$omp end parallel do simd
$END
