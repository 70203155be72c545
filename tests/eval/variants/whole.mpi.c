//// axpy scatterv
void axpy(int n, double a, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
    for (int r = 0, at = 0; r < ranks; r++) {
        counts[r] = n / ranks + (r < n % ranks ? 1 : 0);
        displs[r] = at;
        at += counts[r];
    }
    const int mine = counts[rank];
    double *local_x = malloc((mine + 1) * sizeof(double)), *local_y = malloc((mine + 1) * sizeof(double));
    MPI_Scatterv(x, counts, displs, MPI_DOUBLE, local_x, mine, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    MPI_Scatterv(y, counts, displs, MPI_DOUBLE, local_y, mine, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    for (int i = 0; i < mine; i++) local_y[i] += a * local_x[i];
    MPI_Gatherv(local_y, mine, MPI_DOUBLE, y, counts, displs, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    free(local_x);
    free(local_y);
    free(counts);
    free(displs);
}
//// axpy scatter-without-rank
void axpy(int n, double a, const double *x, double *y) {
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int each = (n + ranks - 1) / ranks, padded = each * ranks;
    double *all_x = calloc(padded + 1, sizeof(double)), *all_y = calloc(padded + 1, sizeof(double));
    double *my_x = malloc((each + 1) * sizeof(double)), *my_y = malloc((each + 1) * sizeof(double));
    memcpy(all_x, x, n * sizeof(double));
    memcpy(all_y, y, n * sizeof(double));
    MPI_Scatter(all_x, each, MPI_DOUBLE, my_x, each, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    MPI_Scatter(all_y, each, MPI_DOUBLE, my_y, each, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    for (int i = 0; i < each; i++) my_y[i] = a * my_x[i] + my_y[i];
    MPI_Allgather(my_y, each, MPI_DOUBLE, all_y, each, MPI_DOUBLE, MPI_COMM_WORLD);
    memcpy(y, all_y, n * sizeof(double));
    free(all_x);
    free(all_y);
    free(my_x);
    free(my_y);
}
//// axpy manager-and-workers
void axpy(int n, double a, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (ranks == 1) {
        for (int i = 0; i < n; i++) y[i] += a * x[i];
        return;
    }
    if (rank == 0) {
        for (int worker = 1; worker < ranks; worker++) {
            const int from = (int)((long)n * (worker - 1) / (ranks - 1)), to = (int)((long)n * worker / (ranks - 1)), count = to - from;
            MPI_Send(&count, 1, MPI_INT, worker, 0, MPI_COMM_WORLD);
            MPI_Send(x + from, count, MPI_DOUBLE, worker, 1, MPI_COMM_WORLD);
            MPI_Send(y + from, count, MPI_DOUBLE, worker, 2, MPI_COMM_WORLD);
        }
        for (int worker = 1; worker < ranks; worker++) {
            const int from = (int)((long)n * (worker - 1) / (ranks - 1)), to = (int)((long)n * worker / (ranks - 1));
            MPI_Recv(y + from, to - from, MPI_DOUBLE, worker, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
    } else {
        int size;
        MPI_Recv(&size, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        double *work = malloc((2 * size + 1) * sizeof(double));
        MPI_Recv(work, size, MPI_DOUBLE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Recv(work + size, size, MPI_DOUBLE, 0, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (int i = 0; i < size; i++) work[size + i] += a * work[i];
        MPI_Send(work + size, size, MPI_DOUBLE, 0, 3, MPI_COMM_WORLD);
        free(work);
    }
}
//// gemv columns
void gemv(int m, int n, const double *A, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    double *part = calloc(m + 1, sizeof(double));
    for (int j = rank; j < n; j += ranks)
        for (int i = 0; i < m; i++) part[i] += A[(size_t)i * n + j] * x[j];
    MPI_Reduce(part, y, m, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    free(part);
}
//// gemv row-by-row-reduce
void gemv(int m, int n, const double *A, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long)n * rank / ranks), hi = (int)((long)n * (rank + 1) / ranks);
    for (int i = 0; i < m; i++) {
        double sum = 0.0;
        for (int j = lo; j < hi; j++) sum += A[(size_t)i * n + j] * x[j];
        y[i] = sum;
    }
    MPI_Allreduce(MPI_IN_PLACE, y, m, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}
//// gemm reduce-scatter
void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    double *part = calloc((size_t)m * n + 1, sizeof(double)), *mine = malloc(((size_t)m * n + 1) * sizeof(double));
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        displs[r] = (int)((long)m * r / ranks) * n;
        counts[r] = (int)((long)m * (r + 1) / ranks) * n - displs[r];
    }
    for (int i = 0; i < m; i++)
        for (int l = rank; l < k; l += ranks)
            for (int j = 0; j < n; j++) part[(size_t)i * n + j] += A[(size_t)i * k + l] * B[(size_t)l * n + j];
    MPI_Reduce_scatter(part, mine, counts, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Gatherv(mine, counts[rank], MPI_DOUBLE, C, counts, displs, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    free(part);
    free(mine);
    free(counts);
    free(displs);
}
//// gemm columns-by-vector-type
void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int j = rank; j < n; j += ranks)
        for (int i = 0; i < m; i++) {
            double sum = 0.0;
            for (int l = 0; l < k; l++) sum += A[(size_t)i * k + l] * B[(size_t)l * n + j];
            C[(size_t)i * n + j] = sum;
        }
    MPI_Datatype column;
    MPI_Type_vector(m, 1, n, MPI_DOUBLE, &column);
    MPI_Type_commit(&column);
    for (int j = 0; j < n; j++) MPI_Bcast(C + j, 1, column, j % ranks, MPI_COMM_WORLD);
    MPI_Type_free(&column);
}
//// spmv sends-in-all-to-all
void spmv(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int each = (n + ranks - 1) / ranks, lo = rank * each;
    double *mine = calloc((size_t)each * ranks + 1, sizeof(double)), *all = calloc((size_t)each * ranks + 1, sizeof(double));
    for (int i = lo; i < lo + each && i < n; i++) {
        double sum = 0.0;
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * x[col[e]];
        for (int r = 0; r < ranks; r++) mine[(size_t)r * each + i - lo] = sum;
    }
    MPI_Alltoall(mine, each, MPI_DOUBLE, all, each, MPI_DOUBLE, MPI_COMM_WORLD);
    memcpy(y, all, n * sizeof(double));
    free(mine);
    free(all);
}
//// jacobi allgather-each-sweep
void jacobi(int n, int iterations, const double *b, double *u) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int rows = n > 2 ? n - 2 : 0;
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        displs[r] = n * (1 + (int)((long)rows * r / ranks));
        counts[r] = n * (1 + (int)((long)rows * (r + 1) / ranks)) - displs[r];
    }
    double *next = malloc((size_t)n * n * sizeof(double) + 1);
    memcpy(next, u, (size_t)n * n * sizeof(double));
    if (rows > 0)
        for (int sweep = 0; sweep < iterations; sweep++) {
            for (int at = displs[rank]; at < displs[rank] + counts[rank]; at++)
                if (at % n > 0 && at % n < n - 1) next[at] = (u[at - n] + u[at + n] + u[at - 1] + u[at + 1] + b[at]) / 4.0;
            MPI_Allgatherv(next + displs[rank], counts[rank], MPI_DOUBLE, u, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
        }
    free(next);
    free(counts);
    free(displs);
}
//// jacobi persistent-halo
void jacobi(int n, int iterations, const double *b, double *u) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int rows = n > 2 ? n - 2 : 0, used = ranks < rows ? ranks : rows;
    if (used == 0) return;
    MPI_Comm team;
    MPI_Comm_split(MPI_COMM_WORLD, rank < used ? 0 : MPI_UNDEFINED, rank, &team);
    if (team == MPI_COMM_NULL) return;
    const int lo = 1 + (int)((long)rows * rank / used), hi = 1 + (int)((long)rows * (rank + 1) / used);
    const int up = rank > 0 ? rank - 1 : MPI_PROC_NULL, down = rank < used - 1 ? rank + 1 : MPI_PROC_NULL;
    double *next = malloc((size_t)n * n * sizeof(double));
    memcpy(next, u, (size_t)n * n * sizeof(double));
    MPI_Request halo[4];
    MPI_Send_init(u + (size_t)lo * n, n, MPI_DOUBLE, up, 0, team, &halo[0]);
    MPI_Recv_init(u + (size_t)hi * n, n, MPI_DOUBLE, down, 0, team, &halo[1]);
    MPI_Send_init(u + (size_t)(hi - 1) * n, n, MPI_DOUBLE, down, 1, team, &halo[2]);
    MPI_Recv_init(u + (size_t)(lo - 1) * n, n, MPI_DOUBLE, up, 1, team, &halo[3]);
    for (int sweep = 0; sweep < iterations; sweep++) {
        for (int i = lo; i < hi; i++)
            for (int j = 1; j < n - 1; j++) {
                const size_t at = (size_t)i * n + j;
                next[at] = (u[at - n] + u[at + n] + u[at - 1] + u[at + 1] + b[at]) / 4.0;
            }
        memcpy(u + (size_t)lo * n, next + (size_t)lo * n, (size_t)(hi - lo) * n * sizeof(double));
        MPI_Startall(4, halo);
        MPI_Waitall(4, halo, MPI_STATUSES_IGNORE);
    }
    for (int r = 0; r < 4; r++) MPI_Request_free(&halo[r]);
    for (int r = 0; r < used; r++) {
        const int from = 1 + (int)((long)rows * r / used), to = 1 + (int)((long)rows * (r + 1) / used);
        MPI_Bcast(u + (size_t)from * n, (to - from) * n, MPI_DOUBLE, r, team);
    }
    free(next);
    MPI_Comm_free(&team);
}
//// cg replicated-vectors
static int lo, hi, ranks;
static void multiply(int n, const int *row_ptr, const int *col, const double *val, const double *from, double *to) {
    for (int i = lo; i < hi; i++) {
        to[i] = 0.0;
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) to[i] += val[e] * from[col[e]];
    }
    for (int r = 0; r < ranks; r++) {
        const int first = (int)((long)n * r / ranks), last = (int)((long)n * (r + 1) / ranks);
        MPI_Bcast(to + first, last - first, MPI_DOUBLE, r, MPI_COMM_WORLD);
    }
}
static double dot(const double *a, const double *b) {
    double part = 0.0, whole;
    for (int i = lo; i < hi; i++) part += a[i] * b[i];
    MPI_Allreduce(&part, &whole, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return whole;
}
void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    lo = (int)((long)n * rank / ranks);
    hi = (int)((long)n * (rank + 1) / ranks);
    double *r = malloc((n + 1) * sizeof(double)), *p = malloc((n + 1) * sizeof(double)), *q = malloc((n + 1) * sizeof(double));
    multiply(n, row_ptr, col, val, x, q);
    for (int i = 0; i < n; i++) p[i] = r[i] = b[i] - q[i];
    double rho = dot(r, r);
    const double limit = tolerance * sqrt(dot(b, b));
    for (int step = 0; step < max_iterations && sqrt(rho) > limit; step++) {
        multiply(n, row_ptr, col, val, p, q);
        const double alpha = rho / dot(p, q);
        for (int i = 0; i < n; i++) {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
        }
        const double next = dot(r, r);
        for (int i = 0; i < n; i++) p[i] = r[i] + next / rho * p[i];
        rho = next;
    }
    free(r);
    free(p);
    free(q);
}
