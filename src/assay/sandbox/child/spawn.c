/* The fork server's loop for the namespaces tier, without touching a page of Python's heap.

   After a fork each page that the server or the run writes is copied, so the loop of `server.py`,
   which does the same through ctypes, costs about twice as much. Built when the package is
   (hatch_build.py) and loaded by `native.py`; where it is absent, Python's loop serves.

   It needs only libc. The order of the steps is that of `confine.py`. */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ABI 3
#define MAX_FDS 8
#define MIN_FDS 5
#define HIGH 20 /* above the descriptors of the server itself; works with `ulimit -n 64` */
#define NOBODY 65534

enum { SPAWN = 1, REAP = 2 };
enum { SPAWNED = 1, REAPED = 2, FAILED = 3 };
enum { IN_CHILD = 0, CLOSED = -1 };

/* Both are mirrored by struct formats in orders.py. */
struct request {
    uint32_t op;
    int32_t pid;
    uint64_t disk_mb;
    uint64_t limits[8]; /* in the order of `kinds` */
};
struct reply {
    int32_t kind, pid, status, error, step;
    double cpu;    /* seconds, of the whole tree */
    uint64_t peak; /* bytes, of the largest process */
};

static const int kinds[8] = {RLIMIT_AS,   RLIMIT_FSIZE,   RLIMIT_NPROC,    RLIMIT_NOFILE,
                             RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_CPU};

int abi(void) { return ABI; }

static int answer(int control, const struct reply *reply, int fd)
{
    char space[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {(void *)reply, sizeof *reply};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = space;
        message.msg_controllen = sizeof space;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    return sendmsg(control, &message, MSG_NOSIGNAL) == sizeof *reply ? 0 : -1;
}

/* Whether /tmp is as `mount_tmp` left it: a run may have filled it or changed its mode. */
static int tmp_is_clean(void)
{
    struct stat now;
    int clean = 1;
    if (getuid() != 0) /* a run has our own uid: it owns /tmp and may have marked it */
        return 0;
    if (stat("/tmp", &now) || (now.st_mode & 07777) != 01777 || now.st_nlink != 2)
        return 0;
    DIR *folder = opendir("/tmp");
    if (!folder)
        return 0;
    for (struct dirent *entry; clean && (entry = readdir(folder));)
        clean = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
    closedir(folder);
    return clean;
}

static int mount_tmp(uint64_t disk_mb)
{
    char options[96];
    snprintf(options, sizeof options, "size=%llum,nr_inodes=4096,mode=1777",
             (unsigned long long)disk_mb);
    umount2("/tmp", MNT_DETACH);
    return mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, options);
}

/* Everything that a run does before a byte of the candidate is read; the step that failed. */
static int confine(const struct request *request, int *fds, int count, int *control,
                   const struct sock_fprog *filter, int dumpable)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};
    int step = 0, fd;

    ++step;
    for (int i = 0; i < count; i++)
        if ((fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, HIGH)) < 0)
            return step;
    if ((*control = fcntl(*control, F_DUPFD_CLOEXEC, HIGH + MAX_FDS)) < 0)
        return step;
    for (int i = 0; i < count; i++)
        if (dup3(fds[i], i, i < 3 ? 0 : O_CLOEXEC) < 0)
            return step;
    if (syscall(SYS_close_range, count, *control - 1, 0)
        || syscall(SYS_close_range, *control + 1, ~0U, 0))
        return step;
    if (++step && setsid() < 0)
        return step;
    if (++step && chdir("/tmp"))
        return step;
    for (int i = 0; i < 8; i++) {
        struct rlimit now, wanted = {request->limits[i], request->limits[i]};
        if (getrlimit(kinds[i], &now))
            return step + 1;
        if (now.rlim_max < wanted.rlim_max)
            wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
        if (setrlimit(kinds[i], &wanted))
            return step + 1;
    }
    step++;
    fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (++step && (fd < 0 || write(fd, "1000", 4) != 4))
        return step;
    close(fd);
    if (++step && getuid() == 0
        && (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
        return step;
    if (++step && (prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0) || syscall(SYS_capset, &head, none)))
        return step;
    if (++step && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return step;
    if (++step && prctl(PR_SET_SECCOMP, 2, filter, 0, 0))
        return step;
    return 0;
}

static void reap(int control, pid_t pid)
{
    struct reply reply = {.kind = REAPED, .pid = pid, .status = SIGKILL};
    struct rusage usage;
    int status;
    /* This process is the first of its namespace, which holds one run: all others end. */
    kill(-1, SIGKILL);
    for (;;) {
        pid_t ended = wait4(-1, &status, 0, &usage);
        if (ended < 0 && errno == EINTR)
            continue;
        if (ended < 0)
            break;
        if (ended == pid)
            reply.status = status;
        reply.cpu += usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
                     + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
        if (usage.ru_maxrss * 1024ULL > reply.peak)
            reply.peak = usage.ru_maxrss * 1024ULL;
    }
    answer(control, &reply, -1);
}

/* Serves `control` until it closes (CLOSED), or, in the process of a run, until that is confined
   (IN_CHILD). Any other number is an operation of Python's: its request stands in `request`. */
int serve(int control, const struct sock_filter *code, int length, int dumpable,
          struct request *request)
{
    const struct sock_fprog filter = {(unsigned short)length, (struct sock_filter *)code};
    uint64_t mounted_mb = 0;
    for (;;) {
        char space[CMSG_SPACE(MAX_FDS * sizeof(int))];
        struct iovec part = {request, sizeof *request};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
                                 .msg_control = space, .msg_controllen = sizeof space};
        int fds[MAX_FDS], count = 0;
        ssize_t size = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
        if (size < 0 && errno == EINTR)
            continue;
        if (size != sizeof *request)
            return CLOSED;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        if (head && head->cmsg_type == SCM_RIGHTS) {
            count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(fds, CMSG_DATA(head), count * sizeof(int));
        }
        if (request->op == REAP) {
            reap(control, request->pid);
            continue;
        }
        if (request->op != SPAWN)
            return request->op;
        struct reply reply = {.kind = FAILED};
        pid_t pid = -1;
        errno = EBADF;
        if (count < MIN_FDS || (message.msg_flags & MSG_CTRUNC))
            ; /* a run without all its descriptors would fail, and be blamed for it */
        else if ((mounted_mb == request->disk_mb && tmp_is_clean())
                 || !mount_tmp(request->disk_mb)) {
            mounted_mb = request->disk_mb;
            pid = fork();
        }
        if (pid == 0) {
            reply.step = confine(request, fds, count, &control, &filter, dumpable);
            reply.error = errno;
            if (reply.step) {
                answer(control, &reply, -1);
                _exit(71);
            }
            close(control);
            return IN_CHILD;
        }
        int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
        reply.error = errno;
        if (pid > 0 && pidfd < 0)
            kill(pid, SIGKILL);
        for (int i = 0; i < count; i++)
            close(fds[i]);
        if (pidfd >= 0) {
            reply.kind = SPAWNED;
            reply.pid = pid;
        }
        if (answer(control, &reply, pidfd))
            return CLOSED;
        if (pidfd >= 0)
            close(pidfd);
    }
}
