//// parallel-loop
$HEAD {
#pragma acc parallel loop $COPY
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// kernels
$HEAD {
#pragma acc kernels $COPY
    for (int i = 0; i < $ROWS; i++) { $BODY }
}
//// kernels-independent
$HEAD {
#pragma acc kernels $COPY
    {
#pragma acc loop independent gang vector
        for (int i = 0; i < $ROWS; i++) { $BODY }
    }
}
//// data-and-gangs
$HEAD {
#pragma acc data $COPY
    {
#pragma acc parallel num_gangs(4) vector_length(32)
        {
#pragma acc loop gang
            for (int i = 0; i < $ROWS; i++) { $BODY }
        }
    }
}
//// routine
#pragma acc routine seq
static void one(int i, $PARAMETERS) { $BODY }
$HEAD {
#pragma acc parallel loop async(1) $COPY
    for (int i = 0; i < $ROWS; i++) one(i, $ARGUMENTS);
#pragma acc wait(1)
}
