//// blocks-and-loop
$HEAD {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long)$ROWS * rank / ranks), hi = (int)((long)$ROWS * (rank + 1) / ranks);
#pragma omp parallel for
    for (int i = lo; i < hi; i++) { $BODY }
    for (int r = 0; r < ranks; r++) {
        const int from = (int)((long)$ROWS * r / ranks), to = (int)((long)$ROWS * (r + 1) / ranks);
        MPI_Bcast($OUT + (size_t)from * $WIDTH, (to - from) * $WIDTH, MPI_DOUBLE, r, MPI_COMM_WORLD);
    }
}
//// threads-then-ranks
$HEAD {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int each = ($ROWS + ranks - 1) / ranks;
#pragma omp parallel
    {
#pragma omp for nowait schedule(dynamic, 4)
        for (int in = 0; in < each; in++) {
            const int i = rank * each + in;
            if (i < $ROWS) { $BODY }
        }
    }
    for (int r = 0; r < ranks; r++) {
        const int from = r * each < $ROWS ? r * each : $ROWS, to = from + each < $ROWS ? from + each : $ROWS;
        MPI_Bcast($OUT + (size_t)from * $WIDTH, (to - from) * $WIDTH, MPI_DOUBLE, r, MPI_COMM_WORLD);
    }
}
//// tasks-in-helper
static void rows(int from, int to, $PARAMETERS) {
#pragma omp parallel
#pragma omp single
    for (int block = from; block < to; block += 16)
#pragma omp task
        for (int i = block; i < (block + 16 < to ? block + 16 : to); i++) { $BODY }
}
$HEAD {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
#define FIRST(r) ((int)((long)$ROWS * (r) / ranks))
    rows(FIRST(rank), FIRST(rank + 1), $ARGUMENTS);
    for (int r = 0; r < ranks; r++)
        MPI_Bcast($OUT + (size_t)FIRST(r) * $WIDTH, (FIRST(r + 1) - FIRST(r)) * $WIDTH, MPI_DOUBLE, r, MPI_COMM_WORLD);
}
