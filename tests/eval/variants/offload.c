//// combined
$HEAD {
#pragma omp target teams distribute parallel for $MAP
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// data-region
$HEAD {
#pragma omp target data $MAP
    {
#pragma omp target teams distribute parallel for simd
        for (int i = 0; i < $ROWS; i++) { $BODY }
    }
}
//// nested-constructs
$HEAD {
#pragma omp target $MAP
#pragma omp teams
#pragma omp distribute
    for (int block = 0; block < $ROWS; block += 32) {
#pragma omp parallel for
        for (int i = block; i < (block + 32 < $ROWS ? block + 32 : $ROWS); i++) { $BODY }
    }
}
//// loop-construct
$HEAD {
#pragma omp target teams loop $MAP
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// threads-of-one-team
$HEAD {
#pragma omp target parallel for num_threads(8) if ($ROWS > 0) $MAP
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// declared-function
#pragma omp declare target
static void one(int i, $PARAMETERS) { $BODY }
#pragma omp end declare target
$HEAD {
#pragma omp target enter data $MAP_TO
#pragma omp target teams distribute parallel for thread_limit(128)
    for (int i = 0; i < $ROWS; i++) one(i, $ARGUMENTS);
#pragma omp target exit data map(from : $OUT[0 : $SIZE])
}
