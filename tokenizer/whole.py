"""What the tokenizer never cuts, in order of importance: long names and directive heads, canonical names, short words.

A small vocabulary takes the first of each list, so that enough is left to learn. Order within a list is by how often
parallel programs use a name, and directives and launches come first.
Not covered: which names renaming keeps (`hpcraft.tokenizer.vocabulary`), and the tokens of the task format (`hpcraft.tokenizer.prompt`).
"""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


_CANONICAL = {"v": 32, "f": 8, "w": 16, "g": 4, "t": 8, "m": 16, "l": 4, "d": 8}
"""Letter of a canonical name to how many of them are one token. Longer ones, and the rare kinds, are two tokens and more."""

NAMES = tuple(f"{letter}{number}" for letter, count in _CANONICAL.items() for number in range(count))
"""Canonical names that are one token each."""

_C_HEADS = """
omp parallel for|omp parallel|omp for|omp target teams distribute parallel for|omp simd|omp parallel for simd|omp atomic|omp critical
omp barrier|omp single|omp target data map|omp target|omp task|omp for simd|omp master|omp sections|omp section|omp parallel sections
omp declare target|omp end declare target|omp target enter data map|omp target exit data map|omp target update|omp taskwait
omp teams distribute parallel for|omp declare simd|omp threadprivate|omp ordered|omp masked|omp taskloop|omp flush|omp atomic capture
omp target parallel for|omp target teams|omp distribute parallel for|omp loop|omp declare reduction|omp|acc parallel loop|acc loop|acc data
acc kernels|acc parallel|acc enter data|acc exit data|acc update|acc routine seq|acc host_data use_device|acc|unroll|once|ivdep
"""
_FORTRAN_HEADS = """
omp parallel do|omp end parallel do|omp do|omp end do|omp parallel|omp end parallel|omp critical|omp end critical|omp atomic|omp barrier
omp single|omp end single|omp simd|omp parallel do simd|omp master|omp end master|omp sections|omp section|omp end sections|omp task
omp target|omp end target|omp target teams distribute parallel do|omp end target teams distribute parallel do|omp target data map
omp end target data|omp threadprivate|omp workshare|omp end workshare|omp taskwait|omp|acc parallel loop|acc end parallel loop|acc loop
acc data|acc end data|acc kernels|acc end kernels|acc routine seq|acc
"""


def _heads(text: str) -> list[str]:
    return text.replace("\n", "|").strip("|").split("|")


_C_DIRECTIVES = tuple(f"#pragma {head}" for head in _heads(_C_HEADS))
_FORTRAN_DIRECTIVES = tuple(f"!${head}" for head in _heads(_FORTRAN_HEADS))
_UPPER_DIRECTIVES = tuple(head.upper() for head in _FORTRAN_DIRECTIVES)

_LAUNCH = ("<<<", ">>>")
_CUDA_FIRST = _words("""
__global__ __device__ __host__ __shared__ __syncthreads __restrict__ threadIdx.x blockIdx.x blockDim.x gridDim.x cudaMalloc cudaMemcpy
cudaFree cudaMemcpyHostToDevice cudaMemcpyDeviceToHost cudaDeviceSynchronize cudaMemset atomicAdd
""")
_MPI_FIRST = _words("""
MPI_COMM_WORLD MPI_Comm_rank MPI_Comm_size MPI_Comm MPI_Allreduce MPI_DOUBLE MPI_INT MPI_SUM MPI_Bcast MPI_Reduce MPI_Send MPI_Recv
MPI_Init MPI_Finalize MPI_Barrier MPI_ omp_get_thread_num omp_get_num_threads
""")
_MPI = _words("""
MPI_Isend MPI_Irecv MPI_Wait MPI_Waitall MPI_Request MPI_Status MPI_STATUS_IGNORE MPI_STATUSES_IGNORE MPI_Datatype MPI_Op MPI_MAX MPI_MIN
MPI_Wtime MPI_Abort MPI_Gather MPI_Scatter MPI_Allgather MPI_Allgatherv MPI_Gatherv MPI_Scatterv MPI_Alltoall MPI_Alltoallv MPI_Sendrecv
MPI_FLOAT MPI_CHAR MPI_BYTE MPI_LONG MPI_LONG_LONG MPI_UNSIGNED MPI_IN_PLACE MPI_COMM_NULL MPI_COMM_SELF MPI_REQUEST_NULL MPI_ANY_SOURCE
MPI_ANY_TAG MPI_SOURCE MPI_TAG MPI_PROC_NULL MPI_SUCCESS MPI_PROD MPI_LOR MPI_LAND MPI_MAXLOC MPI_MINLOC MPI_REPLACE MPI_UNDEFINED
MPI_Comm_split MPI_Comm_dup MPI_Comm_free MPI_Comm_group MPI_Comm_create MPI_Group MPI_Win MPI_Win_create MPI_Win_fence MPI_Put MPI_Get
MPI_Scan MPI_Exscan MPI_Type_commit MPI_Type_contiguous MPI_Type_vector MPI_Type_create_struct MPI_Type_free MPI_Cart_create MPI_Cart_coords
MPI_Cart_shift MPI_Probe MPI_Iprobe MPI_Test MPI_Testall MPI_Waitany MPI_Get_count MPI_Init_thread MPI_THREAD_MULTIPLE MPI_THREAD_FUNNELED
MPI_Iallreduce MPI_Ibcast MPI_Reduce_scatter MPI_Op_create MPI_Aint MPI_Info MPI_INFO_NULL MPI_Fint MPI_Initialized MPI_Finalized
MPI_File_open MPI_File_close MPI_File_write_at MPI_File_read_at MPI_Offset MPI_STATUS_SIZE MPI_INTEGER MPI_REAL MPI_DOUBLE_PRECISION
MPI_DOUBLE_COMPLEX MPI_COMPLEX MPI_LOGICAL MPI_CHARACTER MPI_BOR MPI_BAND MPI_Error_string MPI_Get_processor_name
""")
_OPENMP = _words("""
omp_get_max_threads omp_set_num_threads omp_get_wtime omp_get_num_procs omp_in_parallel omp_lock_t omp_init_lock omp_set_lock
omp_unset_lock omp_destroy_lock omp_get_num_devices omp_get_default_device omp_set_default_device omp_is_initial_device omp_target_alloc
omp_target_free omp_target_memcpy omp_get_team_num omp_get_num_teams _OPENMP omp_lib
""")
_CUDA = _words("""
threadIdx.y blockIdx.y blockDim.y gridDim.y threadIdx.z blockIdx.z blockDim.z gridDim.z __forceinline__ __constant__ __launch_bounds__
__inline__ __attribute__ __syncwarp __threadfence __shfl_down_sync __shfl_xor_sync __shfl_sync __ldg threadIdx blockIdx blockDim gridDim
cudaError_t cudaSuccess cudaGetLastError cudaGetErrorString cudaPeekAtLastError cudaStream_t cudaStreamCreate cudaStreamSynchronize
cudaStreamDestroy cudaMemcpyDeviceToDevice cudaMemcpyAsync cudaMemcpyToSymbol cudaMemsetAsync cudaMallocManaged cudaMallocHost cudaFreeHost
cudaEvent_t cudaEventCreate cudaEventRecord cudaEventSynchronize cudaEventElapsedTime cudaEventDestroy cudaSetDevice cudaGetDevice
cudaGetDeviceCount cudaDeviceProp cudaGetDeviceProperties cudaDeviceReset cudaLaunchKernel atomicCAS atomicMax atomicMin atomicExch atomicSub
hipMalloc hipFree hipMemcpy hipMemcpyHostToDevice hipMemcpyDeviceToHost hipDeviceSynchronize hipMemset hipLaunchKernelGGL hipSuccess
hipError_t hipGetLastError hipGetErrorString hipStream_t hipMemcpyAsync hipMemcpyDeviceToDevice hipStreamSynchronize
int2 int3 int4 float2 float3 float4 double2 double3 double4 dim3
""")
_FIXED_WIDTH = _words("""
int32_t int64_t uint32_t uint64_t uint8_t int8_t uint16_t int16_t real(8) REAL(8) real64 REAL64 int32 int64 real*8 REAL*8 integer*8 INTEGER*8
""")
_FORTRAN_MPI = _words("""
MPI_INIT MPI_FINALIZE MPI_COMM_RANK MPI_COMM_SIZE MPI_BCAST MPI_REDUCE MPI_ALLREDUCE MPI_SEND MPI_RECV MPI_BARRIER MPI_ISEND MPI_IRECV
MPI_WAIT MPI_WAITALL MPI_ALLGATHER MPI_GATHER MPI_SCATTER MPI_ABORT MPI_WTIME MPI_SENDRECV MPI_ALLTOALL
""")

LONG = tuple(
    dict.fromkeys(
        (
            *_LAUNCH,
            *_C_DIRECTIVES[:8],
            f"{_C_DIRECTIVES[0]} ",
            *_FORTRAN_DIRECTIVES[:6],
            *_CUDA_FIRST,
            *_MPI_FIRST,
            *_UPPER_DIRECTIVES[:6],
            *_MPI[:24],
            *_C_DIRECTIVES,
            *_CUDA[:8],
            *_FORTRAN_DIRECTIVES,
            *_FIXED_WIDTH,
            *_CUDA,
            *_MPI,
            *_OPENMP,
            *_FORTRAN_MPI,
            *(name.lower() for name in _FORTRAN_MPI),
            *(f"{head} " for head in (*_C_DIRECTIVES[1:12], *_FORTRAN_DIRECTIVES[:8])),
            *_UPPER_DIRECTIVES,
        )
    )
)
"""Directive heads, launches, and names of the platforms: found in the text before anything else is, the longest first."""

_WORDS_FIRST = _words("""
for if int void double float return const else while static struct long char unsigned sizeof omp parallel private reduction shared
schedule firstprivate collapse num_threads nowait map tofrom simd target atomic critical default dynamic none pragma include define
integer real end do call subroutine then dimension intent if size_t single barrier guided lastprivate teams distribute
""")
_WORDS = _words("""
break case continue switch typedef enum extern goto short signed union volatile inline register restrict ifdef ifndef endif elif undef defined
bool true false template class namespace typename using public new delete this auto virtual operator constexpr nullptr std vector
program module function use only contains implicit logical character complex parameter allocatable allocate deallocate pointer
interface type enddo endif exit cycle stop write print read format kind len inout out in result precision save common data external
END DO IF THEN ELSE CALL RETURN INTEGER REAL DOUBLE PRECISION SUBROUTINE FUNCTION DIMENSION PARAMETER CONTINUE LOGICAL CHARACTER COMPLEX
EXTERNAL INTRINSIC IMPLICIT NONE PROGRAM WRITE FORMAT DATA GOTO STOP COMMON ENDIF ENDDO SAVE
PARALLEL PRIVATE SHARED REDUCTION SCHEDULE DEFAULT
task taskloop sections section master masked ordered threadprivate declare device is_device_ptr use_device_ptr defaultmap depend
proc_bind linear safelen simdlen aligned copyin copyprivate thread_limit num_teams dist_schedule final untied mergeable priority grainsize
num_tasks runtime alloc release update capture seq_cst acquire relaxed nontemporal
acc kernels loop gang worker vector_length num_gangs num_workers copy copyout create present deviceptr independent async wait routine seq
fabs sqrt exp log sin cos pow fmax fmin max min abs mod malloc calloc realloc free printf fprintf sizeof memcpy memset stdio stdlib string math
asm friend explicit override noexcept static_cast reinterpret_cast const_cast dynamic_cast static_assert private protected catch try throw
elemental pure recursive bind optional select where associate nullify abstract extends procedure class concurrent
to from always close monotonic nonmonotonic primary spread sink source present_or_copy enter flush taskwait taskgroup unroll ivdep tile order
workshare scan inclusive exclusive inbranch notinbranch uniform link hint compare requires metadirective serial cache host_data attach detach
push pop pack once GCC error warning line main
alignas alignof and concept consteval constinit co_await co_return co_yield decltype export mutable not or requires thread_local typeid typeof
wchar_t xor array pair tuple list set size begin push_back emplace_back resize reserve first second swap sort fill accumulate numeric_limits
make_unique make_shared make_pair unique_ptr shared_ptr move forward get cout cerr endl
access action advance assignment asynchronous backspace block contiguous deferred elseif elsewhere endfunction endinterface endmodule
endprogram endselect endsubroutine endtype endwhere entry enumerator eq equivalence eqv errmsg file fmt forall form ge generic gt import
impure inquire intrinsic iostat le lt namelist ne neqv open position rewind sequence stat status unit value
_Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert _Thread_local __asm__ __extension__ __inline
__restrict __typeof__
""")
SHORT = tuple(dict.fromkeys((*_WORDS_FIRST, *_WORDS)))
"""Words of letters and underscores alone: one token each, bare and with the blank behind, wherever no letter stands before or behind."""
