"""A38 to A41: network and communication between processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hpcraft.sandbox import Outcome, run, run_many
from tests.sandbox.attacks.record import BOXES, CONFINED, EVERYWHERE, Attack, Scene, c, stopped

_SOCKETS = (
    "#include <arpa/inet.h>\n#include <netdb.h>\n#include <stddef.h>\n#include <sys/socket.h>\n#include <sys/un.h>\n#include <sys/file.h>"
)


def _connects(body: str) -> str:
    return f"int s; struct sockaddr_in a = {{.sin_family = AF_INET}}; struct sockaddr_un u = {{AF_UNIX}}; {body}"


def _same_port(scene: Scene) -> Outcome | str:
    """Two boxes side by side bind one port and one abstract name."""
    body = _connects(
        """s = socket(AF_INET, SOCK_STREAM, 0); a.sin_port = htons(18765); if (s < 0) return 4; if (bind(s, (void *)&a, sizeof a) || listen(s, 1)) return 5;
        strcpy(u.sun_path + 1, "one name"); int t = socket(AF_UNIX, SOCK_STREAM, 0); if (bind(t, (void *)&u, 20) || listen(t, 1)) return 6; usleep(300000);"""
    )
    job = replace(c(body, _SOCKETS)(scene), tier=scene.tier, min_isolation="none")
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(run, (job, job)))
    return next((outcome for outcome in outcomes if not outcome.ok), outcomes[0])


def _other_box(scene: Scene) -> Outcome | str:
    """One box looks for what another one, running at the same time, offers by every name that they might share."""
    offer = _connects(
        """strcpy(u.sun_path + 1, MARKER); s = socket(AF_UNIX, SOCK_STREAM, 0); bind(s, (void *)&u, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(MARKER)); listen(s, 9);
        int f = open("/dev/shm/meet", O_CREAT | O_RDWR, 0666); fchmod(f, 0666); int g = open("/usr/bin/env", O_RDONLY); flock(g, LOCK_EX); struct flock l = {F_WRLCK}; fcntl(g, F_SETLK, &l);
        shmget(0x4711, 4096, IPC_CREAT | 0666); usleep(700000);"""
    )
    seek = _connects(
        """usleep(300000); strcpy(u.sun_path + 1, MARKER); s = socket(AF_UNIX, SOCK_STREAM, 0);
        if (!connect(s, (void *)&u, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(MARKER))) BAD("abstract socket"); if (open("/dev/shm/meet", O_RDWR) >= 0) BAD("/dev/shm");
        if (shmget(0x4711, 4096, 0666) >= 0) BAD("SysV segment");"""
    )
    top = _SOCKETS + "\n#include <sys/ipc.h>\n#include <sys/shm.h>"
    jobs = [replace(c(body, top)(scene), tier=scene.tier, min_isolation="none") for body in (offer, seek)]
    return list(run_many(jobs, workers=2))[1]


ATTACKS = (
    Attack(
        id="A38",
        name="outside hosts",
        must="No address is reachable: outside, the cloud's data service, a name server, the loopback's services.",
        job=c(
            _connects(
                """const char *hosts[] = {"198.51.100.1", "169.254.169.254", "8.8.8.8", "127.0.0.1"}; int ports[] = {80, 80, 53, atoi(PORT)};
                for (int i = 0; i < 4; i++) { s = socket(AF_INET, SOCK_STREAM, 0); a.sin_port = htons(ports[i]); inet_aton(hosts[i], &a.sin_addr);
                if (s >= 0 && !connect(s, (void *)&a, sizeof a)) BAD("%s", hosts[i]); }"""
            ),
            _SOCKETS,
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A38",
        name="datagrams",
        must="No datagram leaves, on IPv4 or IPv6.",
        job=c(
            _connects(
                """s = socket(AF_INET, SOCK_DGRAM, 0); a.sin_port = htons(53); inet_aton("198.51.100.1", &a.sin_addr); if (s >= 0 && sendto(s, "x", 1, 0, (void *)&a, sizeof a) == 1) BAD("IPv4");
                struct sockaddr_in6 b = {.sin6_family = AF_INET6, .sin6_port = htons(53)}; inet_pton(AF_INET6, "2001:db8::1", &b.sin6_addr); s = socket(AF_INET6, SOCK_DGRAM, 0);
                if (s >= 0 && sendto(s, "x", 1, 0, (void *)&b, sizeof b) == 1) BAD("IPv6"); a.sin_port = htons(atoi(PORT)); inet_aton("127.0.0.1", &a.sin_addr);
                s = socket(AF_INET, SOCK_STREAM, 0); if (s >= 0 && sendto(s, "x", 1, MSG_FASTOPEN, (void *)&a, sizeof a) == 1) BAD("fast open");"""
            ),
            _SOCKETS,
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A38",
        name="raw and odd sockets",
        must="Packet, raw, netlink of the host, kernel crypto, vsock, Bluetooth and CAN sockets are refused or see an empty network.",
        job=c(
            """int families[] = {AF_PACKET, AF_VSOCK, AF_ALG, AF_BLUETOOTH, AF_CAN, AF_XDP, AF_TIPC, AF_RDS, AF_NFC, AF_KEY, AF_QIPCRTR, AF_SMC, AF_KCM}; for (int i = 0; i < 13; i++) for (int t = 1; t < 6; t++)
            if (socket(families[i], t, 0) >= 0) BAD("family %d type %d", families[i], t);
            if (socket(AF_INET, SOCK_RAW, 1) >= 0 || socket(AF_INET6, SOCK_RAW, 58) >= 0) BAD("raw"); int two[2]; if (!socketpair(AF_TIPC, SOCK_STREAM, 0, two)) BAD("pair");""",
            _SOCKETS,
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A38",
        name="devices of the network",
        must="The box sees no interface of the host, and can't change or make one.",
        job=c(
            """struct if_nameindex *l = if_nameindex(); for (; l && l->if_index; l++) if (strcmp(l->if_name, "lo")) BAD("%s", l->if_name); struct ifreq r = {.ifr_name = "lo"}; r.ifr_flags = 0;
            int s = socket(AF_INET, SOCK_DGRAM, 0); if (s >= 0 && !ioctl(s, SIOCSIFFLAGS, &r)) BAD("flags"); if (open("/dev/net/tun", O_RDWR) >= 0) BAD("tun");""",
            _SOCKETS + "\n#include <net/if.h>\n#include <sys/ioctl.h>",
        ),
        check=stopped,
        stopped_in=BOXES,
    ),
    Attack(
        id="A39",
        name="one port for two",
        must="Two boxes bind the same port and the same abstract name, both are served.",
        play=_same_port,
        check=stopped,
        stopped_in=BOXES,
    ),
    Attack(
        id="A40",
        name="abstract socket of the harness",
        must="An abstract socket of the harness can't be reached.",
        job=c(
            _connects(
                's = socket(AF_UNIX, SOCK_STREAM, 0); strcpy(u.sun_path + 1, ABSTRACT); if (!connect(s, (void *)&u, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(ABSTRACT))) BAD("connected");'
            ),
            _SOCKETS,
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A40",
        name="socket files of the host",
        must="Sockets that lie in the host's file system can't be reached: the harness's, D-Bus, Docker, Slurm, X11.",
        job=c(
            _connects(
                """const char *p[] = {SOCKET_FILE, "/run/dbus/system_bus_socket", "/var/run/docker.sock", "/run/munge/munge.socket.2", "/tmp/.X11-unix/X0", "/run/systemd/private"};
                for (int i = 0; i < 6; i++) for (int t = 1; t < 3; t++) { s = socket(AF_UNIX, t, 0); strncpy(u.sun_path, p[i], 107); if (!connect(s, (void *)&u, sizeof u)) BAD("%s", p[i]); }"""
            ),
            _SOCKETS,
        ),
        check=stopped,
        stopped_in=BOXES,
    ),
    Attack(
        id="A41",
        name="keys",
        must="No keyring is shared.",
        job=c(
            'if (syscall(SYS_add_key, "user", "meet", "x", 1, -4) >= 0 || syscall(SYS_keyctl, 0, -4, 1) >= 0 || syscall(SYS_request_key, "user", "meet", 0, -4) >= 0) BAD("keys");'
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A41",
        name="SysV segment of the harness",
        must="A segment that everybody may attach to can't be attached, nor changed.",
        job=c(
            """char *a = shmat(atoi(SEGMENT), 0, SHM_RDONLY); if (a != (void *)-1) { fwrite(a, 1, 64, stdout); BAD("attached"); } a = shmat(atoi(SEGMENT), 0, 0); if (a != (void *)-1) { strcpy(a, "changed"); BAD("attached"); }
            struct shmid_ds d; if (shmctl(atoi(SEGMENT), IPC_STAT, &d) == 0) BAD("seen"); if (shmctl(atoi(SEGMENT), IPC_RMID, 0) == 0) BAD("removed");""",
            "#include <sys/ipc.h>\n#include <sys/shm.h>",
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="A41",
        name="another box",
        must="Two boxes side by side share no socket, no shared memory, no segment.",
        play=_other_box,
        check=stopped,
        stopped_in=BOXES,
    ),
    Attack(
        id="A41",
        name="asynchronous interfaces",
        must="io_uring and user fault handling are refused.",
        job=c(
            'char p[256] = {0}; if (syscall(425, 1, p) >= 0) BAD("io_uring"); if (syscall(SYS_userfaultfd, 1) >= 0 || open("/dev/userfaultfd", O_RDWR) >= 0) BAD("userfaultfd");'
        ),
        check=stopped,
        stopped_in=CONFINED,
    ),
    Attack(
        id="N27",
        name="credentials over a socket",
        must="No false user or process id can be sent.",
        job=c(
            """int s[2]; socketpair(AF_UNIX, SOCK_DGRAM, 0, s); struct ucred who = {1, 0, 0}; char room[CMSG_SPACE(sizeof who)]; struct iovec v1 = {"x", 1}; struct msghdr m = {.msg_iov = &v1, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
            struct cmsghdr *h = CMSG_FIRSTHDR(&m); h->cmsg_level = SOL_SOCKET; h->cmsg_type = SCM_CREDENTIALS; h->cmsg_len = CMSG_LEN(sizeof who); memcpy(CMSG_DATA(h), &who, sizeof who); if (sendmsg(s[0], &m, 0) >= 0) BAD("sent");""",
            _SOCKETS,
        ),
        check=stopped,
        stopped_in=EVERYWHERE,
    ),
)
