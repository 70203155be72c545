//// lambda
$HEAD {
    const auto row = [=](int i) { $BODY };
#pragma omp parallel for
    for (int i = 0; i < $ROWS; ++i) row(i);
}
//// template
template <typename Row>
static void for_each_row(int rows, Row row) {
#pragma omp parallel for schedule(static)
    for (int i = 0; i < rows; ++i) row(i);
}
$HEAD {
    for_each_row($ROWS, [&](int i) { $BODY });
}
//// template-with-tasks
namespace {
template <typename Row>
void split(int from, int to, const Row &row) {
    if (to - from < 32) {
        for (int i = from; i < to; ++i) row(i);
        return;
    }
    const int middle = (from + to) / 2;
#pragma omp task default(shared)
    split(from, middle, row);
    split(middle, to, row);
#pragma omp taskwait
}
}  // namespace
$HEAD {
    auto row = [&](const int i) { $BODY };
#pragma omp parallel
#pragma omp single
    split(0, $ROWS, row);
}
//// vector-of-rows
$HEAD {
    std::vector<int> rows($ROWS);
    std::iota(rows.begin(), rows.end(), 0);
#pragma omp parallel for
    for (std::size_t t = 0; t < rows.size(); ++t) {
        const int i = rows[t];
        $BODY
    }
}
//// iterators
$HEAD {
    std::vector<int> rows;
    rows.reserve($ROWS);
    for (int r = 0; r < $ROWS; ++r) rows.push_back(r);
#pragma omp parallel for
    for (auto it = rows.begin(); it < rows.end(); ++it) {
        const int i = *it;
        $BODY
    }
}
//// structured-binding
static std::pair<int, int> range_of(int rows, int part, int parts) {
    return {static_cast<int>(1LL * rows * part / parts), static_cast<int>(1LL * rows * (part + 1) / parts)};
}
$HEAD {
#pragma omp parallel
    {
        const auto [lo, hi] = range_of($ROWS, omp_get_thread_num(), omp_get_num_threads());
        for (int i = lo; i < hi; ++i) { $BODY }
    }
}
//// class
class Share {
public:
    Share(int rows, int part, int parts) : first_(static_cast<int>(1LL * rows * part / parts)), last_(static_cast<int>(1LL * rows * (part + 1) / parts)) {}
    int first() const { return first_; }
    int last() const { return last_; }

private:
    int first_, last_;
};
$HEAD {
#pragma omp parallel
    {
        const Share mine($ROWS, omp_get_thread_num(), omp_get_num_threads());
        for (int i = mine.first(); i < mine.last(); ++i) { $BODY }
    }
}
//// std-for-each
$HEAD {
    std::vector<int> rows($ROWS);
    std::iota(rows.begin(), rows.end(), 0);
    const int parts = omp_get_max_threads();
#pragma omp parallel for
    for (int part = 0; part < parts; ++part)
        std::for_each(rows.begin() + 1LL * $ROWS * part / parts, rows.begin() + 1LL * $ROWS * (part + 1) / parts, [&](int i) { $BODY });
}
//// constants-and-macros
#define OMP_FOR(...) _Pragma("omp for") for (__VA_ARGS__)
constexpr int kChunk = 16;
$HEAD {
    if ($ROWS == 0) return;
#pragma omp parallel
    {
        OMP_FOR(int block = 0; block < $ROWS; block += kChunk) {
            for (int i = block; i < std::min(block + kChunk, $ROWS); ++i) { $BODY }
        }
    }
}
//// exceptions
$HEAD {
    std::unique_ptr<int[]> seen;
    try {
        seen = std::make_unique<int[]>($ROWS + 1);
    } catch (const std::bad_alloc &) {
        std::cerr << "no memory\n";
        std::abort();
    }
#pragma omp parallel for
    for (int i = 0; i < $ROWS; ++i) {
        $BODY
        seen[i] = 1;
    }
    if (std::count(seen.get(), seen.get() + $ROWS, 1) != $ROWS) std::terminate();
}
