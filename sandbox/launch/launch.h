/* What the parts of the supervisor share; main.c has the theory of operation. */
#ifndef HPCRAFT_LAUNCH_H
#define HPCRAFT_LAUNCH_H

#include <stdint.h>

#define MAX_COMMANDS 256
#define MAX_COLLECT 1024
#define MAX_PATHS 256
#define MAX_FILES_IN_BOX 100000

enum { PATH_READ, PATH_WRITE }; /* what Landlock allows beneath a path; reading includes executing */

struct options {
    long uid, wall_ms, cpu_ms, processes, process_slack, own_namespace, walk_disk, no_aslr, landlock, deadline_signal, count_type, count_config;
    int status, control, filter, oom, cpu_usage, calls, results;
    long long memory, disk, file, stack;
    const char *box, *cores;
    struct { int kind; const char *path; } paths[MAX_PATHS];
    int num_paths;
    char **commands[MAX_COMMANDS];
    int num_commands;
    const char *collect[MAX_COLLECT];
    int num_collect;
};
extern struct options opt;

_Noreturn void die(const char *what);
long long now_us(void);

/* measure.c */
void note_peak(long long bytes);
long long peak_memory(void);
long long cpu_used_us(void);                        /* of all processes that there were and are */
void forget_cpu(void);                              /* what was used until now is ours */
int disk_full(int fresh);                           /* a fresh look also where looking takes time */
const char *over_limit(long long deadline);         /* the reason to stop now, or NULL */
const char *over_limit_at_end(void);                /* the same of a command that ended by itself, quicker than the watcher */
int killed_for_memory(void);                        /* whether the kernel did, for the control group's limit */
int signal_all(int number);                         /* returns how many processes there are */

int list_pids(int *pids, int most);                 /* returns how many there are, this one not counted */

/* halt.c */
#define MAX_TASKS 512
struct task { int pid, tid; long long ns; };        /* tid 0: the whole process, threads that have ended included */
int halt(struct task *tasks, int *all_still);       /* every process of the box; returns the number of tasks */
void go_on(void);

/* calls.c, where the program is called through shared memory */
void open_calls(void);
void begin_round(int number);                       /* before each start of the program */
void attend_calls(long long until_us);              /* returns earlier when there is nothing more to call */
void end_round(void);

/* count.c */
void open_counter(void);
int64_t counted(void);                              /* by now, of all but this process; less than 0: why nothing is, as an error */

/* standby.c */
_Noreturn void stand_by(int socket, char **groups); /* joins the groups whose descriptors are given, and waits to be told what to become */

/* confine.c */
void read_filter(void);
void confine(void);                                 /* this process, for good; dies if any of it fails */

#endif
