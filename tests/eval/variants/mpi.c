//// allgatherv-in-place
static int first_of(int rows, int rank, int ranks) { return (int)((long long)rows * rank / ranks); }
$HEAD {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int i = first_of($ROWS, rank, ranks); i < first_of($ROWS, rank + 1, ranks); i++) { $BODY }
    int counts[64], first[64];
    for (int r = 0; r < ranks; r++) {
        first[r] = first_of($ROWS, r, ranks) * $WIDTH;
        counts[r] = first_of($ROWS, r + 1, ranks) * $WIDTH - first[r];
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, $OUT, counts, first, MPI_DOUBLE, MPI_COMM_WORLD);
}
//// gatherv
$HEAD {
    int me, size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    int *counts = malloc(2 * size * sizeof(int)), *displs = counts + size, offset = 0;
    for (int r = 0; r < size; r++) {
        counts[r] = ($ROWS / size + (r < $ROWS % size)) * $WIDTH;
        displs[r] = offset;
        offset += counts[r];
    }
    const int begin = displs[me] / ($WIDTH), end = begin + counts[me] / ($WIDTH);
    for (int i = begin; i < end; i++) { $BODY }
    double *mine = malloc((counts[me] + 1) * sizeof(double));
    memcpy(mine, $OUT + displs[me], counts[me] * sizeof(double));
    MPI_Gatherv(mine, counts[me], MPI_DOUBLE, $OUT, counts, displs, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    free(mine);
    free(counts);
}
//// broadcasts
$HEAD {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int r = 0; r < ranks; r++) {
        const int lo = $ROWS / ranks * r, hi = r == ranks - 1 ? $ROWS : lo + $ROWS / ranks;
        if (r == rank)
            for (int i = lo; i < hi; i++) { $BODY }
        MPI_Bcast($OUT + (size_t)lo * $WIDTH, (hi - lo) * $WIDTH, MPI_DOUBLE, r, MPI_COMM_WORLD);
    }
}
//// sends-to-root
$HEAD {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int chunk = ($ROWS + ranks - 1) / ranks;
    const int from = rank * chunk < $ROWS ? rank * chunk : $ROWS, to = from + chunk < $ROWS ? from + chunk : $ROWS;
    for (int i = from; i < to; i++) { $BODY }
    if (rank > 0) {
        MPI_Send($OUT + (size_t)from * $WIDTH, (to - from) * $WIDTH, MPI_DOUBLE, 0, 7, MPI_COMM_WORLD);
    } else {
        for (int other = 1; other < ranks; other++) {
            const int a0 = other * chunk < $ROWS ? other * chunk : $ROWS, b0 = a0 + chunk < $ROWS ? a0 + chunk : $ROWS;
            MPI_Recv($OUT + (size_t)a0 * $WIDTH, (b0 - a0) * $WIDTH, MPI_DOUBLE, other, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
    }
}
//// nonblocking
$HEAD {
    int rank, ranks, pending = 0;
    MPI_Request requests[64];
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int share = $ROWS / ranks, rest = $ROWS % ranks;
    const int lo = rank * share + (rank < rest ? rank : rest), hi = lo + share + (rank < rest);
    if (rank == 0)
        for (int r = 1; r < ranks; r++) {
            const int at = r * share + (r < rest ? r : rest);
            MPI_Irecv($OUT + (size_t)at * $WIDTH, (share + (r < rest)) * $WIDTH, MPI_DOUBLE, r, 0, MPI_COMM_WORLD, &requests[pending++]);
        }
    for (int i = lo; i < hi; i++) { $BODY }
    if (rank != 0) MPI_Isend($OUT + (size_t)lo * $WIDTH, (hi - lo) * $WIDTH, MPI_DOUBLE, 0, 0, MPI_COMM_WORLD, &requests[pending++]);
    MPI_Waitall(pending, requests, MPI_STATUSES_IGNORE);
}
//// cyclic-reduce
$HEAD {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const size_t all = (size_t)$ROWS * $WIDTH;
    double *zeros = calloc(all + 1, sizeof(double));
    for (int i = rank; i < $ROWS; i += ranks) {
        $BODY
        memcpy(zeros + (size_t)i * $WIDTH, $OUT + (size_t)i * $WIDTH, $WIDTH * sizeof(double));
    }
    MPI_Allreduce(zeros, $OUT, (int)all, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    free(zeros);
}
//// derived-type
$HEAD {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Datatype row;
    MPI_Type_contiguous($WIDTH, MPI_DOUBLE, &row);
    MPI_Type_commit(&row);
    const int each = $ROWS / ranks;
    for (int i = rank * each; i < (rank + 1) * each; i++) { $BODY }
    MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, $OUT, each, row, MPI_COMM_WORLD);
    if (rank == 0)
        for (int i = ranks * each; i < $ROWS; i++) { $BODY }
    MPI_Type_free(&row);
}
//// own-communicator
$HEAD {
    MPI_Comm team;
    MPI_Comm_dup(MPI_COMM_WORLD, &team);
    struct { int rank, size, lo, hi; } part;
    MPI_Comm_rank(team, &part.rank);
    MPI_Comm_size(team, &part.size);
    part.lo = (int)((long)$ROWS * part.rank / part.size);
    part.hi = (int)((long)$ROWS * (part.rank + 1) / part.size);
    for (int i = part.lo; i < part.hi; i++) { $BODY }
    for (int r = 0; r < part.size; r++) {
        const int lo = (int)((long)$ROWS * r / part.size), hi = (int)((long)$ROWS * (r + 1) / part.size);
        MPI_Bcast($OUT + (size_t)lo * $WIDTH, (hi - lo) * $WIDTH, MPI_DOUBLE, r, team);
    }
    MPI_Comm_free(&team);
}
//// split-communicator
$HEAD {
    int rank, ranks, mine, members;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Comm group;
    const int color = rank % 2, colors = ranks > 1 ? 2 : 1;
    MPI_Comm_split(MPI_COMM_WORLD, color, rank, &group);
    MPI_Comm_rank(group, &mine);
    MPI_Comm_size(group, &members);
    const size_t all = (size_t)$ROWS * $WIDTH;
    double *part = calloc(all + 1, sizeof *part), *whole = calloc(all + 1, sizeof *whole);
    for (int i = color + colors * mine; i < $ROWS; i += colors * members) {
        $BODY
        memcpy(part + (size_t)i * $WIDTH, $OUT + (size_t)i * $WIDTH, $WIDTH * sizeof *part);
    }
    MPI_Reduce(part, whole, (int)all, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) memcpy($OUT, whole, all * sizeof *whole);
    MPI_Comm_free(&group);
    free(part);
    free(whole);
}
//// one-sided
$HEAD {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long)$ROWS * rank / ranks), hi = (int)((long)$ROWS * (rank + 1) / ranks);
    for (int i = lo; i < hi; i++) { $BODY }
    double *shared = malloc(((size_t)$ROWS * $WIDTH + 1) * sizeof(double));
    memcpy(shared, $OUT, (size_t)$ROWS * $WIDTH * sizeof(double));
    MPI_Win window;
    MPI_Win_create(shared, (MPI_Aint)((size_t)$ROWS * $WIDTH * sizeof(double)), sizeof(double), MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    MPI_Win_fence(0, window);
    if (hi > lo) MPI_Put($OUT + (size_t)lo * $WIDTH, (hi - lo) * $WIDTH, MPI_DOUBLE, 0, (MPI_Aint)lo * $WIDTH, (hi - lo) * $WIDTH, MPI_DOUBLE, window);
    MPI_Win_fence(0, window);
    if (rank == 0) memcpy($OUT, shared, (size_t)$ROWS * $WIDTH * sizeof(double));
    MPI_Win_free(&window);
    free(shared);
}
//// ring
$HEAD {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
#define FIRST(r) ((int)((long)$ROWS * (r) / ranks))
    for (int i = FIRST(rank); i < FIRST(rank + 1); i++) { $BODY }
    const int left = (rank + ranks - 1) % ranks, right = (rank + 1) % ranks;
    for (int step = 0; step < ranks - 1; step++) {
        const int out = (rank - step + ranks) % ranks, in = (rank - step - 1 + 2 * ranks) % ranks;
        MPI_Sendrecv($OUT + (size_t)FIRST(out) * $WIDTH, (FIRST(out + 1) - FIRST(out)) * $WIDTH, MPI_DOUBLE, right, 0, $OUT + (size_t)FIRST(in) * $WIDTH,
                     (FIRST(in + 1) - FIRST(in)) * $WIDTH, MPI_DOUBLE, left, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}
//// cartesian-grid
$HEAD {
    int ranks, rank, dims[1] = {0}, periods[1] = {0}, coords[1];
    MPI_Comm grid;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Dims_create(ranks, 1, dims);
    MPI_Cart_create(MPI_COMM_WORLD, 1, dims, periods, 0, &grid);
    MPI_Comm_rank(grid, &rank);
    MPI_Cart_coords(grid, rank, 1, coords);
    const int lo = (int)((long)$ROWS * coords[0] / dims[0]), hi = (int)((long)$ROWS * (coords[0] + 1) / dims[0]);
    for (int i = lo; i < hi; i++) { $BODY }
    for (int r = 0; r < ranks; r++) {
        int from = (int)((long)$ROWS * r / dims[0]), to = (int)((long)$ROWS * (r + 1) / dims[0]);
        MPI_Bcast($OUT + (size_t)from * $WIDTH, (to - from) * $WIDTH, MPI_DOUBLE, r, grid);
    }
    MPI_Comm_free(&grid);
}
//// helper-and-checks
#define CHECK(call) \
    do { \
        if ((call) != MPI_SUCCESS) MPI_Abort(MPI_COMM_WORLD, 1); \
    } while (0)
static void share(int rows, int *lo, int *hi) {
    int rank, ranks;
    CHECK(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
    CHECK(MPI_Comm_size(MPI_COMM_WORLD, &ranks));
    *lo = (int)((long)rows * rank / ranks);
    *hi = (int)((long)rows * (rank + 1) / ranks);
}
static void compute(int from, int to, $PARAMETERS) {
    for (int i = from; i < to; i++) { $BODY }
}
$HEAD {
    int lo, hi, ranks;
    share($ROWS, &lo, &hi);
    compute(lo, hi, $ARGUMENTS);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int r = 0; r < ranks; r++) {
        const int a0 = (int)((long)$ROWS * r / ranks), b0 = (int)((long)$ROWS * (r + 1) / ranks);
        CHECK(MPI_Bcast($OUT + (size_t)a0 * $WIDTH, (b0 - a0) * $WIDTH, MPI_DOUBLE, r, MPI_COMM_WORLD));
    }
}
//// ibcast-and-condition
$HEAD {
    int id, p;
    MPI_Comm_rank(MPI_COMM_WORLD, &id);
    MPI_Comm_size(MPI_COMM_WORLD, &p);
    for (int i = 0; i < $ROWS; i++)
        if (i * (long)p / ($ROWS) == id) { $BODY }
    MPI_Request all[64];
    for (int r = 0; r < p; r++) {
        /* The rows i with floor(i p / rows) = r. */
        const int lo = (int)(((long)r * $ROWS + p - 1) / p), hi = (int)(((long)(r + 1) * $ROWS + p - 1) / p);
        MPI_Ibcast($OUT + (size_t)lo * $WIDTH, (hi - lo) * $WIDTH, MPI_DOUBLE, r, MPI_COMM_WORLD, &all[r]);
    }
    MPI_Waitall(p, all, MPI_STATUSES_IGNORE);
}
