// floor: shows how fast the kernel itself can run a container. It makes only the system calls that the plain configuration
// (written by `spec`) needs: no JSON, no state, no checks. Any time beyond this is the runtime's own.
//
//   cc -O2 -static -o floor floor.c
//   floor [-v] ROOTFS        runs /bin/true in ROOTFS, which has proc, dev and sys directories, in a new cgroup
//
// -v prints the milliseconds spent in each part.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
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

static void add_group(const char *hierarchy) {
    if (group_count == COUNT(groups)) return;
    CHECK(asprintf(&groups[group_count++].path, "%s/floor-%d", hierarchy, getpid()));
}

// The time for this isn't measured: a runtime may find the host's hierarchies in another way.
static void find_groups(void) {
    struct statfs info;
    unified = statfs(CGROUP_ROOT, &info) == 0 && info.f_type == CGROUP2_MAGIC;
    if (unified) {
        add_group(CGROUP_ROOT);
        return;
    }
    FILE *mounts = fopen("/proc/self/mounts", "re");
    char target[160], type[64];
    while (mounts && fscanf(mounts, "%*s %159s %63s %*[^\n]", target, type) == 2)
        if (strcmp(type, "cgroup") == 0 && strncmp(target, CGROUP_ROOT "/", sizeof CGROUP_ROOT) == 0) add_group(target);
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
    char path[300];
    for (size_t i = 0; i < group_count; i++) {
        struct group *group = &groups[i];
        CHECK(mkdir(group->path, 0755));
        if (unified) {
            CHECK(group->descriptor = open(group->path, O_PATH | O_DIRECTORY | O_CLOEXEC));
            continue;
        }
        if (strstr(group->path, "/cpuset/")) {
            copy_cpuset(group->path, "cpus");
            copy_cpuset(group->path, "mems");
        }
        snprintf(path, sizeof path, "%s/tasks", group->path);
        CHECK(group->descriptor = open(path, O_WRONLY | O_CLOEXEC));
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
    CHECK(chdir("/"));
    execl("/bin/true", "true", (char *)0);
    perror("/bin/true");
    _exit(8);
}

int main(int argc, char **argv) {
    int verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    if (argc != 2 + verbose) {
        fprintf(stderr, "usage: floor [-v] ROOTFS\n");
        return 2;
    }
    find_groups();
    double start = now_ms();
    make_groups();
    double made = now_ms();
    struct clone_args args = {.exit_signal = SIGCHLD,
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS};
    if (unified) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)groups[0].descriptor;
    }
    pid_t pid = syscall(SYS_clone3, &args, sizeof args);
    CHECK(pid);
    if (pid == 0) run_inside(argv[1 + verbose]);
    double cloned = now_ms();
    int status;
    CHECK(waitpid(pid, &status, 0));
    double ended = now_ms();
    remove_groups();
    double removed = now_ms();
    if (verbose)
        printf("make cgroups %.2f  clone %.2f  run and exit %.2f  remove cgroups %.2f  total %.2f ms\n", made - start,
            cloned - made, ended - cloned, removed - ended, removed - start);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
