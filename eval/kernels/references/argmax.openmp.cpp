namespace {

struct Candidate {
    int index;
    float value;
};

Candidate better(Candidate a, Candidate b) {
    if (b.index < 0) return a;
    if (a.index < 0) return b;
    if (a.value != b.value) return a.value > b.value ? a : b;
    return a.index < b.index ? a : b;
}

}  // namespace

#pragma omp declare reduction(first_max : Candidate : omp_out = better(omp_out, omp_in)) initializer(omp_priv = {-1, 0.0f})

extern "C" int argmax(int n, const float *x) {
    Candidate best{-1, 0.0f};
#pragma omp parallel for reduction(first_max : best)
    for (int i = 0; i < n; i++) best = better(best, Candidate{i, x[i]});
    return best.index;
}
