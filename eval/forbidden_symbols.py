"""Which symbols an answer's object may neither ask the linker for nor define, each with its reason.

A kernel computes: it starts no processes and no threads but those of its model, opens no files, and stands for nothing that the harness
or a runtime calls. What it is refused here has no use in a kernel; printing, allocating, measuring time and giving up have one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from hpcraft.data.parallel.outline import words

_CALLS: dict[str, str] = {
    # reason: names, blank between them
    "starts processes": "fork vfork clone clone3 execv execve execvp execvpe execl execle execlp fexecve system popen pclose posix_spawn"
    " posix_spawnp execveat forkpty wait waitpid wait3 wait4 waitid daemon setsid MPI_Comm_spawn MPI_Comm_spawn_multiple",
    "leaves without the harness": "_exit _Exit quick_exit atexit at_quick_exit on_exit",
    "handles or sends signals": "signal sigaction bsd_signal sysv_signal __sysv_signal sigset sigprocmask pthread_sigmask sigaltstack raise kill killpg"
    " tgkill pthread_kill alarm ualarm setitimer timer_create",
    "jumps out of calls": "setjmp _setjmp sigsetjmp __sigsetjmp longjmp _longjmp siglongjmp getcontext setcontext makecontext swapcontext",
    "starts threads beside those of its model": "pthread_create thrd_create pthread_atfork __register_atfork",
    "calls the kernel by number": "syscall",
    "opens or moves files": "open open64 openat openat64 creat creat64 fopen fopen64 freopen freopen64 fdopen fmemopen open_memstream opendir fdopendir"
    " scandir rename renameat renameat2 unlink unlinkat remove link symlink mkdir rmdir mkstemp tmpfile truncate ftruncate read pread pread64 readv"
    " write pwrite pwrite64 writev sendfile preadv pwritev preadv2 pwritev2 copy_file_range pipe pipe2 dup dup2 dup3 fcntl ioctl"
    " stat fstat lstat statx fstatat __xstat __fxstat __lxstat chdir chroot mkfifo inotify_init inotify_init1 _gfortran_st_open"
    " _gfortran_st_inquire",
    "maps or protects memory": "mmap mmap64 munmap mprotect pkey_mprotect mremap memfd_create shm_open shmget shmat process_vm_readv"
    " process_vm_writev userfaultfd brk sbrk",
    "looks into processes": "ptrace prctl personality backtrace backtrace_symbols _Unwind_Backtrace _Unwind_Find_FDE",
    "loads code at run time": "dlopen dlmopen dlsym dlvsym dladdr dladdr1 dl_iterate_phdr dlinfo",
    "talks over sockets": "socket socketpair connect bind listen accept accept4 send sendto sendmsg recv recvfrom recvmsg getaddrinfo gethostbyname"
    " MPI_Open_port MPI_Comm_accept MPI_Comm_connect MPI_Comm_join MPI_Lookup_name MPI_Publish_name",
    "reads or changes the environment": "getenv secure_getenv setenv unsetenv putenv clearenv environ __environ",
    "changes what the harness gave it to run on": "sched_setaffinity pthread_setaffinity_np pthread_attr_setaffinity_np sched_setscheduler sched_setparam"
    " setpriority nice pthread_setschedparam setrlimit setrlimit64 prlimit prlimit64 hwloc_set_cpubind",
    "looks into the allocator": "malloc_usable_size mallinfo mallinfo2 malloc_info malloc_stats",
    "changes the allocator": "mallopt __malloc_hook __realloc_hook __free_hook __memalign_hook __malloc_initialize_hook __after_morecore_hook",
}
_REASONS = {name: reason for reason, names in _CALLS.items() for name in names.split()}
_LIMITS = re.compile(
    r"omp_(?:get_(?:schedule|supported_active_levels|max_active_levels|max_task_priority|num_places|place_num|place_num_procs|place_proc_ids|partition_\w+"
    r"|proc_bind|affinity_format|wtick|thread_limit|cancellation|default_allocator)|display_affinity|capture_affinity|display_env)_?"
)
"""What one runtime of OpenMP answers otherwise than another one, with which races are looked for."""
_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"_ZNSt6thread\w*_M_start_thread", "starts threads beside those of its model"),
    (
        r"_ZN?K?St\w*basic_(?:if|of|f)stream|_ZN?K?St\w*basic_filebuf|_ZN?K?St\w*10filesystem|P?MPI_File_\w+|p?mpi_file_\w+",
        "opens or moves files",
    ),
    (r"_gfortran_(?:system|execute_command_line|fork|exec)\w*|p?mpi_comm_spawn\w*", "starts processes"),
    (r"_gfortran_(?:unlink|rename|link|symlnk|chdir|stat|lstat|fstat|chmod)\w*", "opens or moves files"),
    (r"_gfortran_(?:kill|signal|alarm)\w*", "handles or sends signals"),
    (r"_gfortran_(?:get_environment_variable|getenv)\w*", "reads or changes the environment"),
    (r"p?mpi_(?:open_port|comm_accept|comm_connect|comm_join|lookup_name|publish_name)\w*", "talks over sockets"),
    (r"__[tamlh]w?san_\w+|__sanitizer_\w+|Annotate[A-Z]\w+|RunningOnValgrind", "talks to the sanitizers"),
    (
        r"(?:cublas|cusparse|cusolver|cufft|cudnn|cutensor|nvblas|cblas_|LAPACKE_|rocblas_|mkl_)\w+",
        "calls a library for the kernel that was asked",
    ),
)

_OF_NVCC = words("atexit dlopen dlsym getenv")
"""What nvcc, and the headers of Thrust and CUB, ask for by themselves."""
_STANDARD = words(
    "main _start _init _fini memcmp memcpy memmove memset memchr bcmp strcmp strncmp strlen malloc free calloc realloc aligned_alloc posix_memalign memalign"
    " valloc write read open close mmap munmap mprotect exit _exit _Exit abort atexit clock_gettime gettimeofday time clock times getrusage usleep nanosleep"
    " clock_nanosleep sleep fopen fclose fread fwrite fflush printf fprintf vfprintf sprintf snprintf puts putchar fputs fputc perror getenv setenv sched_yield"
    " sched_getaffinity sched_setaffinity sched_getcpu sysconf get_nprocs sem_wait sem_post syscall sigaction signal raise kill getpid gettid fork waitpid"
    " dlopen dlsym environ __environ stdout stderr stdin errno __errno_location __assert_fail"
)
_RUNTIMES = re.compile(
    r"(?:GOMP|GOACC)_\w+|omp_(?:get|set|init|destroy|test|unset|in|is|target|pause|display|capture|fulfill|control)_\w+|omp_(?:alloc|calloc|realloc|free)"
    r"|acc_(?:(?:get|set|wait|memcpy|copyin|copyout|create|delete|update)_\w+|init|shutdown|malloc|free|copyin|copyout|create|delete|wait|on_device)_?"
    r"|__kmpc?_\w+|kmp_(?:set|get|malloc|calloc|realloc|free|create|destroy)\w*|ompt_\w+|ompd_\w+"
    r"|P?MPI_[A-Z][a-z]\w*|ompi_\w+|opal_\w+|orte_\w+|PMIx?_\w+"
    r"|p?mpi_(?:init|finalize|comm|send|recv|isend|irecv|sendrecv|bcast|reduce|allreduce|gatherv?|scatterv?|allgatherv?|alltoallv?|barrier|wait|waitall|wtime|abort)"
    r"(?:_rank|_size|_thread)?_(?:_|f08)?"
    r"|cuda[A-Z]\w+|cu(?:Launch|Ctx|Mem|Stream|Event|Module|Init|Device|Func|Get)\w*|__cuda\w+|__[tamlh]w?san_\w+|__ubsan_\w+|__sanitizer_\w+"
    r"|pthread_\w+|sem_\w+|__libc_\w+|__gmon_\w+|_dl_\w+|__cxa_\w+|__gxx_\w+|_Unwind_\w+|_gfortran_\w+|__wrap_\w+|__real_\w+|_Zn[wa]\w+|_Zd[la]\w+|hpcraft_\w+"
)
"""Names of runtimes, of the C++ library's allocation, and of the harness."""


def asks_for(symbols: Collection[str], code: str, model: str, harness: Collection[str]) -> str:
    """What is wrong with the symbols that an answer leaves undefined; empty when nothing is.

    Args:
        symbols: the undefined symbols.
        code: the answer, as its compiler sees it.
        model: the parallel model.
        harness: what the harness's object defines.
    """
    for symbol in sorted(symbols):
        if symbol in harness:
            return f"refers to {symbol} of the harness"
        if model == "cuda" and symbol in _OF_NVCC and not re.search(rf"\b{symbol}\b", code):
            continue
        reason = _REASONS.get(symbol) or _REASONS.get(_fortran_of_mpi(symbol)) or _by_pattern(symbol) or _REASONS.get(_plain(symbol))
        if not reason and model != "mpi" and _LIMITS.fullmatch(symbol):
            reason = "asks the runtime for its limits, by which runtimes are told apart"
        if reason:
            return f"{reason} ({symbol})"
    return ""


def defines(defined: Mapping[str, str], code: str, entry: str, harness: Collection[str]) -> str:
    """What is wrong with the symbols that an answer defines for others; empty when nothing is.

    Args:
        defined: the symbols and their kinds (`hpcraft.sandbox.Build.defined`).
        code: the answer, as its compiler sees it.
        entry: its entry point.
        harness: what the harness's object leaves undefined: what it calls.
    """
    for symbol, kind in sorted(defined.items()):
        if symbol == entry:
            if kind in "WV":
                return f"defines {symbol} weakly"
            continue
        if symbol in harness or symbol in _STANDARD or _RUNTIMES.fullmatch(symbol):
            return f"defines {symbol}, which the harness or a runtime has"
        if kind == "i" and "target_clones" not in code:
            return f"chooses {symbol} when it is loaded"
        if kind in "WV" and re.search(rf"\b{re.escape(symbol)}\b", code):  # others are of templates and headers
            return f"defines {symbol} weakly"
    return ""


def _by_pattern(symbol: str) -> str:
    return next((reason for pattern, reason in _PATTERNS if re.match(pattern, symbol)), "")


def _plain(symbol: str) -> str:
    """``open`` for ``__open64_2``, ``read`` for ``__read_chk``: the C library's other names of what it has."""
    match = re.fullmatch(r"_*(?:libc_|GI_|IO_(?:file_|proc_)?)?(\w+?)(?:64)?(?:_2|_chk|_nocancel)?", symbol)
    return match[1] if match else symbol


def _fortran_of_mpi(symbol: str) -> str:
    """``MPI_Comm_spawn`` for ``mpi_comm_spawn_`` and the like."""
    match = re.fullmatch(r"p?mpi_(\w+?)(?:_f08)?_*", symbol)
    return f"MPI_{match[1].capitalize()}" if match else symbol
