/*
 * A process that stands by in a control group, to become one box later.
 *
 * To join a group the kernel first waits until no process is being started anywhere, which takes about ten milliseconds;
 * so that is done ahead of need. Then this process waits on a socket for one message and becomes what it says:
 *
 *     LENGTH (4 bytes, with the descriptors to be handed on), then LENGTH bytes of words that each end with a zero:
 *     the numbers that the descriptors shall have, NUM_WORDS, the words of the command, the variables NAME=VALUE
 *
 * The end of the socket without a message is the end of this process.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launch.h"

#define MAX_HANDED 16
#define ASIDE 512 /* above the numbers that descriptors shall have, unless the caller has very many open */

static int receive_descriptors(int socket, uint32_t *length, int *handed) {
    union { struct cmsghdr align; char space[CMSG_SPACE(MAX_HANDED * sizeof(int))]; } control;
    struct iovec into = {length, sizeof *length};
    struct msghdr message = {.msg_iov = &into, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(socket, &message, MSG_WAITALL);
    if (n == 0) _exit(0); /* not needed any more */
    struct cmsghdr *head = n == sizeof *length ? CMSG_FIRSTHDR(&message) : NULL;
    if (!head || head->cmsg_type != SCM_RIGHTS) errno = EPROTO, die("stand by");
    int count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(handed, CMSG_DATA(head), count * sizeof(int));
    return count;
}

static char *next_word(char **at) {
    char *word = *at;
    *at += strlen(word) + 1;
    return word;
}

_Noreturn void stand_by(int socket, char **groups) {
    for (; *groups; groups++) {
        int group = atoi(*groups);
        if (write(group, "0", 1) != 1) die("join the control group");
        close(group);
    }
    uint32_t length;
    int handed[MAX_HANDED], count = receive_descriptors(socket, &length, handed);
    char *words = malloc((size_t)length + 1), *at = words, *end = words + length;
    if (!words) die("stand by");
    words[length] = 0;
    for (ssize_t n; at < end; at += n)
        if ((n = read(socket, at, end - at)) <= 0) errno = EPROTO, die("stand by");
    close(socket);
    at = words;
    for (int i = 0; i < count; i++) { /* aside first, so that none is overwritten by another's number */
        int aside = fcntl(handed[i], F_DUPFD, ASIDE);
        close(handed[i]), handed[i] = aside;
    }
    char *number = next_word(&at);
    for (int i = 0; i < count; i++) {
        if (dup2(handed[i], strtol(number, &number, 10)) < 0) die("stand by");
        close(handed[i]);
    }
    int num_words = atoi(next_word(&at));
    char **command = calloc(num_words + 1, sizeof *command), **variables = calloc(length / 2 + 1, sizeof *variables);
    if (!command || !variables) die("stand by");
    for (int i = 0; i < num_words; i++) command[i] = next_word(&at);
    for (int i = 0; at < end; i++) variables[i] = next_word(&at);
    execve(command[0], command, variables);
    die(command[0]);
}
