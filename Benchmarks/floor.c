// floor: shows how fast the kernel itself can run a container, or a process in one. It makes only the system calls that the
// plain configuration (written by `spec`) needs: no JSON, no state, no checks, no device rules. Any time beyond this is the
// runtime's own.
//
//   cc -O2 -static -o floor floor.c
//   floor run ROOTFS         runs /bin/true in ROOTFS, which has proc, dev and sys directories, in a new cgroup
//   floor exec PID CGROUP    runs /bin/true in the namespaces of PID and in its cgroup, a path such as /name
//
// With -v as the first argument, it prints the milliseconds spent in each part.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP2_MAGIC 0x63677270
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define CHECK(call) \
    do { \
        if ((long)(call) < 0) { \
            perror(#call); \
            _exit(9); \
        } \
    } while (0)

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

// One cgroup in each hierarchy of version 1, or one in the hierarchy of version 2.
struct group {
    char *path;
    int descriptor;  // version 1: the tasks file; version 2: the directory
};
static struct group groups[16];
static size_t group_count;
static int unified;

static void add_group(const char *hierarchy, const char *name) {
    if (group_count == COUNT(groups)) return;
    CHECK(asprintf(&groups[group_count++].path, "%s/%s", hierarchy, name));
}

// The time for this isn't measured: a runtime may find the host's hierarchies in another way.
static void find_groups(const char *name) {
    struct statfs info;
    unified = statfs(CGROUP_ROOT, &info) == 0 && info.f_type == CGROUP2_MAGIC;
    if (unified) {
        add_group(CGROUP_ROOT, name);
        return;
    }
    FILE *mounts = fopen("/proc/self/mounts", "re");
    char target[160], type[64];
    while (mounts && fscanf(mounts, "%*s %159s %63s %*[^\n]", target, type) == 2)
        if (strcmp(type, "cgroup") == 0 && strncmp(target, CGROUP_ROOT "/", sizeof CGROUP_ROOT) == 0)
            add_group(target, name);
    if (mounts) fclose(mounts);
}

// Version 1: a new cpuset has no processors or memory nodes, and no process can join it until these are set.
static void copy_cpuset(const char *group, const char *name) {
    char from[300], to[300], text[128];
    snprintf(from, sizeof from, CGROUP_ROOT "/cpuset/cpuset.%s", name);
    snprintf(to, sizeof to, "%s/cpuset.%s", group, name);
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CLOEXEC);
    ssize_t n = read(in, text, sizeof text);
    if (n > 0) CHECK(write(out, text, n));
    close(in);
    close(out);
}

static void make_groups(void) {
    for (size_t i = 0; i < group_count; i++) {
        const char *path = groups[i].path;
        CHECK(mkdir(path, 0755));
        if (unified || !strstr(path, "/cpuset/")) continue;
        copy_cpuset(path, "cpus");
        copy_cpuset(path, "mems");
    }
}

static void open_groups(void) {
    char path[300];
    for (size_t i = 0; i < group_count; i++) {
        snprintf(path, sizeof path, "%s%s", groups[i].path, unified ? "" : "/tasks");
        CHECK(groups[i].descriptor = open(path, (unified ? O_PATH | O_DIRECTORY : O_WRONLY) | O_CLOEXEC));
    }
}

// A thread that moves itself ("0" into tasks) takes no global lock. Writing a pid to cgroup.procs waits for an RCU grace
// period, 5 to 19 ms, unless another process has just waited for one.
static void join_groups(void) {
    for (size_t i = 0; i < group_count && !unified; i++) CHECK(write(groups[i].descriptor, "0", 1));
}

static void remove_groups(void) {
    for (size_t i = 0; i < group_count; i++)
        for (int tries = 0; tries < 1000 && rmdir(groups[i].path) < 0 && errno == EBUSY; tries++) usleep(500);
}

static void mount_file_systems(void) {
    CHECK(mount("proc", "proc", "proc", 0, 0));
    CHECK(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
    CHECK(mkdir("dev/pts", 0755));
    CHECK(mkdir("dev/shm", 0755));
    CHECK(mkdir("dev/mqueue", 0755));
    CHECK(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"));
    CHECK(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=1777,size=65536k"));
    CHECK(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, 0));
    CHECK(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, 0));
}

// Version 1: bind mounts of the container's own cgroups, side by side. Version 2: in a cgroup namespace, only they are visible.
static void mount_cgroups(void) {
    unsigned long flags = MS_NOSUID | MS_NOEXEC | MS_NODEV;
    if (unified) {
        CHECK(mount("cgroup", "sys/fs/cgroup", "cgroup2", flags | MS_RDONLY, 0));
        return;
    }
    CHECK(mount("tmpfs", "sys/fs/cgroup", "tmpfs", flags, "mode=755"));
    for (size_t i = 0; i < group_count; i++) {
        const char *start = groups[i].path + sizeof CGROUP_ROOT, *end = strchr(start, '/');
        char target[200];
        snprintf(target, sizeof target, "sys/fs/cgroup/%.*s", (int)(end - start), start);
        CHECK(mkdir(target, 0755));
        CHECK(mount(groups[i].path, target, 0, MS_BIND, 0));
        CHECK(mount(0, target, 0, MS_BIND | MS_REMOUNT | MS_RDONLY | flags, 0));
    }
}

static void make_devices(void) {
    static const struct { const char *path; int major, minor; } nodes[] = {{"dev/null", 1, 3}, {"dev/zero", 1, 5},
        {"dev/full", 1, 7}, {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
    static const char *links[][2] = {{"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"},
        {"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"}, {"pts/ptmx", "dev/ptmx"}};
    for (size_t i = 0; i < COUNT(nodes); i++)
        CHECK(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
    for (size_t i = 0; i < COUNT(links); i++) CHECK(symlink(links[i][0], links[i][1]));
}

static void protect_paths(void) {
    static const char *read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
    static const char *masked[] = {"proc/acpi", "proc/asound", "proc/kcore", "proc/keys", "proc/latency_stats",
        "proc/timer_list", "proc/timer_stats", "proc/sched_debug", "proc/scsi", "sys/firmware"};
    for (size_t i = 0; i < COUNT(read_only); i++) {
        if (access(read_only[i], F_OK) != 0) continue;
        CHECK(mount(read_only[i], read_only[i], 0, MS_BIND | MS_REC, 0));
        CHECK(mount(0, read_only[i], 0, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, 0));
    }
    for (size_t i = 0; i < COUNT(masked); i++) {
        struct stat info;
        if (stat(masked[i], &info) != 0) continue;
        if (S_ISDIR(info.st_mode)) CHECK(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1"));
        else CHECK(mount("/dev/null", masked[i], 0, MS_BIND, 0));
    }
}

// What the plain configuration says of its process.
static void execute(void) {
    enum { low = 1 << CAP_KILL | 1 << CAP_NET_BIND_SERVICE | 1 << CAP_AUDIT_WRITE };
    struct rlimit files = {1024, 1024};
    CHECK(setrlimit(RLIMIT_NOFILE, &files));
    for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
        if (capability > 31 || !(low & 1 << capability)) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{low, low, 0}, {0, 0, 0}};
    CHECK(syscall(SYS_capset, &header, data));
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK(chdir("/"));
    execl("/bin/true", "true", (char *)0);
    perror("/bin/true");
    _exit(8);
}

// A process in the cgroup already (version 2), or one that has to join its cgroups (version 1).
static pid_t clone_process(uint64_t flags) {
    struct clone_args args = {.exit_signal = SIGCHLD, .flags = flags};
    if (unified) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)groups[0].descriptor;
    }
    pid_t pid = syscall(SYS_clone3, &args, sizeof args);
    CHECK(pid);
    return pid;
}

static int wait_for(pid_t pid) {
    int status;
    CHECK(waitpid(pid, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void run_inside(const char *rootfs) {
    join_groups();
    // Not earlier: the root of a cgroup namespace is the cgroup that its creator is in at that moment.
    if (unified) CHECK(unshare(CLONE_NEWCGROUP));
    CHECK(mount(0, "/", 0, MS_SLAVE | MS_REC, 0));
    CHECK(mount(rootfs, rootfs, 0, MS_BIND | MS_REC, 0));
    CHECK(chdir(rootfs));
    mount_file_systems();
    mount_cgroups();
    make_devices();
    protect_paths();
    CHECK(syscall(SYS_pivot_root, ".", "."));
    CHECK(umount2(".", MNT_DETACH));
    CHECK(sethostname("bench", 5));
    execute();
}

static int run(const char *rootfs, int verbose) {
    char name[32];
    snprintf(name, sizeof name, "floor-%d", getpid());
    find_groups(name);
    double start = now_ms();
    make_groups();
    open_groups();
    double made = now_ms();
    pid_t pid = clone_process(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
    if (pid == 0) run_inside(rootfs);
    double cloned = now_ms();
    int status = wait_for(pid);
    double ended = now_ms();
    remove_groups();
    double removed = now_ms();
    if (verbose)
        printf("make cgroups %.2f  clone %.2f  run and exit %.2f  remove cgroups %.2f  total %.2f ms\n", made - start,
            cloned - made, ended - cloned, removed - ended, removed - start);
    return status;
}

// Two processes: a pid namespace takes only processes that are born in it.
static void exec_inside(int target) {
    join_groups();
    CHECK(setns(target, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP));
    pid_t pid = fork();
    CHECK(pid);
    if (pid == 0) execute();
    _exit(wait_for(pid));
}

static int exec(pid_t container, const char *cgroup, int verbose) {
    find_groups(cgroup);
    double start = now_ms();
    int target = syscall(SYS_pidfd_open, container, 0);
    CHECK(target);
    open_groups();
    double opened = now_ms();
    pid_t pid = clone_process(0);
    if (pid == 0) exec_inside(target);
    int status = wait_for(pid);
    double ended = now_ms();
    if (verbose)
        printf("open %.2f  run and exit %.2f  total %.2f ms\n", opened - start, ended - opened, ended - start);
    return status;
}

int main(int argc, char **argv) {
    int verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    char **words = argv + 1 + verbose;
    int count = argc - 1 - verbose;
    if (count == 2 && strcmp(words[0], "run") == 0) return run(words[1], verbose);
    if (count == 3 && strcmp(words[0], "exec") == 0) return exec(atoi(words[1]), words[2], verbose);
    fprintf(stderr, "usage: floor [-v] run ROOTFS | exec PID CGROUP\n");
    return 2;
}
