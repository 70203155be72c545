//// broadcasts mpi
$HEAD_MPI
  integer :: i, r, rank, ranks, ierr, lo, hi
  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  do r = 0, ranks - 1
    lo = int(int($ROWS, 8) * r / ranks) + 1
    hi = int(int($ROWS, 8) * (r + 1) / ranks)
    if (r == rank) then
      do i = lo, hi
        $BODY
      end do
    end if
    if (hi >= lo) call MPI_Bcast($FIRST, (hi - lo + 1) * $WIDTH, MPI_DOUBLE_PRECISION, r, MPI_COMM_WORLD, ierr)
  end do
$END
//// mpi-f08 f08
$HEAD_F08
  integer :: i, r, rank, ranks, lo, hi
  type(MPI_Comm) :: comm
  call MPI_Comm_dup(MPI_COMM_WORLD, comm)
  call MPI_Comm_rank(comm, rank)
  call MPI_Comm_size(comm, ranks)
  do i = 1 + rank, $ROWS, ranks
    $BODY
  end do
  do r = 0, ranks - 1
    do lo = 1 + r, $ROWS, ranks
      hi = lo
      call MPI_Bcast($FIRST, $WIDTH, MPI_DOUBLE_PRECISION, r, comm)
    end do
  end do
  call MPI_Comm_free(comm)
$END
//// upper-case mpi
$HEAD_MPI
  INTEGER :: I, R, ME, NP, IERR, LO, HI, CHUNK
  CALL MPI_COMM_RANK(MPI_COMM_WORLD, ME, IERR)
  CALL MPI_COMM_SIZE(MPI_COMM_WORLD, NP, IERR)
  CHUNK = ($ROWS + NP - 1) / NP
  DO I = ME * CHUNK + 1, MIN($ROWS, (ME + 1) * CHUNK)
    $BODY
  END DO
  IF (ME /= 0) THEN
    LO = ME * CHUNK + 1
    HI = MIN($ROWS, (ME + 1) * CHUNK)
    IF (HI >= LO) CALL MPI_SEND($FIRST, (HI - LO + 1) * $WIDTH, MPI_DOUBLE_PRECISION, 0, 3, MPI_COMM_WORLD, IERR)
  ELSE
    DO R = 1, NP - 1
      LO = R * CHUNK + 1
      HI = MIN($ROWS, (R + 1) * CHUNK)
      IF (HI >= LO) CALL MPI_RECV($FIRST, (HI - LO + 1) * $WIDTH, MPI_DOUBLE_PRECISION, R, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE, IERR)
    END DO
  END IF
$END
