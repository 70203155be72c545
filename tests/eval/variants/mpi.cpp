//// class-and-vectors
class Distribution {
public:
    Distribution(int rows, MPI_Comm comm) : comm_(comm) {
        MPI_Comm_rank(comm, &rank_);
        MPI_Comm_size(comm, &size_);
        for (int r = 0; r <= size_; ++r) starts_.push_back(static_cast<int>(1LL * rows * r / size_));
    }
    int begin() const { return starts_[rank_]; }
    int end() const { return starts_[rank_ + 1]; }
    void gather(double *data, int width) const {
        for (int r = 0; r < size_; ++r)
            MPI_Bcast(data + std::size_t(starts_[r]) * width, (starts_[r + 1] - starts_[r]) * width, MPI_DOUBLE, r, comm_);
    }

private:
    MPI_Comm comm_;
    int rank_ = 0, size_ = 1;
    std::vector<int> starts_;
};
$HEAD {
    const Distribution rows($ROWS, MPI_COMM_WORLD);
    for (int i = rows.begin(); i < rows.end(); ++i) { $BODY }
    rows.gather($OUT, $WIDTH);
}
//// template-and-lambda
template <typename Row>
void distribute(int rows, int width, double *out, Row row) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<int> counts(ranks), first(ranks);
    for (int r = 0; r < ranks; ++r) {
        first[r] = static_cast<int>(1LL * rows * r / ranks) * width;
        counts[r] = static_cast<int>(1LL * rows * (r + 1) / ranks) * width - first[r];
    }
    for (int i = static_cast<int>(1LL * rows * rank / ranks); i < static_cast<int>(1LL * rows * (rank + 1) / ranks); ++i) row(i);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, out, counts.data(), first.data(), MPI_DOUBLE, MPI_COMM_WORLD);
}
$HEAD {
    distribute($ROWS, $WIDTH, $OUT, [&](int i) { $BODY });
}
//// structured-binding
static std::pair<int, int> mine(int rows) {
    int rank = 0, ranks = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    return std::make_pair(rows / ranks * rank, rank == ranks - 1 ? rows : rows / ranks * (rank + 1));
}
$HEAD {
    const auto [lo, hi] = mine($ROWS);
    std::vector<double> zeros(std::size_t($ROWS) * $WIDTH + 1, 0.0);
    for (int i = lo; i < hi; ++i) {
        $BODY
        std::copy_n($OUT + std::size_t(i) * $WIDTH, $WIDTH, zeros.begin() + std::size_t(i) * $WIDTH);
    }
    MPI_Reduce(zeros.data(), $OUT, $ROWS * $WIDTH, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
}
