/* Records what a program writes below one folder, for the simulated power cuts, and can play a
 * full disk. Loaded with LD_PRELOAD.
 *
 *   RECORD_ROOT   the folder; RECORD_LOG the file to append events to (none: no recording)
 *   recorder_quota(n)  after n more bytes every write below the folder fails with ENOSPC
 *
 * An event is: op (1 byte), fd (i32), offset (i64), length of path (u32), length of data (u32),
 * path, data. All events of all threads are in the order in which they happened.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FD 4096
enum { OPEN = 'o', WRITE = 'w', TRUNCATE = 't', SYNC = 's', RENAME = 'r', UNLINK = 'u',
       MAKE = 'm', CLOSE = 'c' };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_length;
static int log_fd = -1;
static char watched[MAX_FD];
static long long quota = -1;

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("RECORD_LOG");
    root = getenv("RECORD_ROOT");
    root_length = root ? strlen(root) : 0;
    if (root && log)
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
}

void recorder_quota(long long bytes) { quota = bytes; }

static int below(const char *path) {
    return root && path && strncmp(path, root, root_length) == 0;
}

static int is_watched(int fd) { return fd >= 0 && fd < MAX_FD && watched[fd]; }

static void raw(const void *data, size_t size) {
    const char *p = data;
    while (size) {
        ssize_t n = syscall(SYS_write, log_fd, p, size);
        if (n <= 0) abort();
        p += n;
        size -= (size_t)n;
    }
}

static void event(char op, int fd, int64_t offset, const char *path, const void *data, size_t n) {
    if (log_fd < 0) return;
    int saved = errno;
    uint32_t sizes[2] = {path ? (uint32_t)strlen(path) : 0, (uint32_t)n};
    int32_t wide = fd;
    char head[21];
    head[0] = op;
    memcpy(head + 1, &wide, 4);
    memcpy(head + 5, &offset, 8);
    memcpy(head + 13, sizes, 8);
    raw(head, sizeof head);
    if (sizes[0]) raw(path, sizes[0]);
    if (n) raw(data, n);
    errno = saved;
}

/* Takes `size` bytes of the quota; returns how many there were. */
static size_t granted(int fd, size_t size) {
    if (quota < 0 || !is_watched(fd)) return size;
    size_t given = (long long)size <= quota ? size : (size_t)quota;
    quota -= (long long)given;
    return given;
}

static int opened(int fd, const char *path, int flags) {
    if (fd >= 0 && fd < MAX_FD) {
        watched[fd] = (char)below(path);
        if (watched[fd]) event(OPEN, fd, flags & O_TRUNC ? 1 : 0, path, NULL, 0);
    }
    return fd;
}

#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list a; va_start(a, flags); \
    mode = va_arg(a, mode_t); va_end(a); }
#define HELD pthread_mutex_lock(&lock)
#define DONE pthread_mutex_unlock(&lock)

int open(const char *path, int flags, ...) {
    MODE
    HELD;
    int fd = opened((int)syscall(SYS_openat, AT_FDCWD, path, flags, mode), path, flags);
    DONE;
    return fd;
}
int open64(const char *path, int flags, ...) {
    MODE
    return open(path, flags | O_LARGEFILE, mode);
}
int openat(int dir, const char *path, int flags, ...) {
    MODE
    HELD;
    int fd = opened((int)syscall(SYS_openat, dir, path, flags, mode), path, flags);
    DONE;
    return fd;
}
int openat64(int dir, const char *path, int flags, ...) {
    MODE
    return openat(dir, path, flags | O_LARGEFILE, mode);
}

int close(int fd) {
    HELD;
    if (is_watched(fd)) {
        watched[fd] = 0;
        event(CLOSE, fd, 0, NULL, NULL, 0);
    }
    int result = (int)syscall(SYS_close, fd);
    DONE;
    return result;
}

static ssize_t written(int fd, const void *data, size_t size, int64_t offset, int positioned) {
    HELD;
    size_t given = granted(fd, size);
    ssize_t n;
    if (given == 0 && size) {
        errno = ENOSPC;
        n = -1;
    } else {
        if (!positioned && is_watched(fd)) {
            struct stat status;
            int flags = fcntl(fd, F_GETFL);
            offset = flags & O_APPEND && fstat(fd, &status) == 0
                         ? status.st_size : (int64_t)lseek(fd, 0, SEEK_CUR);
        }
        n = positioned ? syscall(SYS_pwrite64, fd, data, given, offset)
                       : syscall(SYS_write, fd, data, given);
        if (n > 0 && is_watched(fd)) event(WRITE, fd, offset, NULL, data, (size_t)n);
    }
    DONE;
    return n;
}
ssize_t write(int fd, const void *data, size_t size) { return written(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    return written(fd, data, size, at, 1);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    return written(fd, data, size, at, 1);
}

int ftruncate(int fd, off_t size) {
    HELD;
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0 && is_watched(fd)) event(TRUNCATE, fd, size, NULL, NULL, 0);
    DONE;
    return result;
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int posix_fallocate(int fd, off_t offset, off_t length) {
    HELD;
    int result = 0;
    struct stat status;
    if (is_watched(fd) && quota >= 0 && length > quota) result = ENOSPC;
    else if (fstat(fd, &status) == 0 && status.st_size < offset + length) {
        if (syscall(SYS_ftruncate, fd, offset + length) != 0) result = errno;
        else if (is_watched(fd)) event(TRUNCATE, fd, offset + length, NULL, NULL, 0);
    }
    DONE;
    return result;
}
int posix_fallocate64(int fd, off64_t offset, off64_t length) {
    return posix_fallocate(fd, offset, length);
}

static int synced(int fd, long number) {
    HELD;
    int result = (int)syscall(number, fd);
    if (result == 0 && is_watched(fd)) event(SYNC, fd, 0, NULL, NULL, 0);
    DONE;
    return result;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

int rename(const char *from, const char *to) {
    HELD;
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0 && below(to)) event(RENAME, -1, 0, from, to, strlen(to));
    DONE;
    return result;
}
int renameat(int a, const char *from, int b, const char *to) {
    (void)a;
    (void)b;
    return rename(from, to);
}

int unlink(const char *path) {
    HELD;
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0 && below(path)) event(UNLINK, -1, 0, path, NULL, 0);
    DONE;
    return result;
}
int unlinkat(int dir, const char *path, int flags) {
    HELD;
    int result = (int)syscall(SYS_unlinkat, dir, path, flags);
    if (result == 0 && below(path)) event(UNLINK, -1, 0, path, NULL, 0);
    DONE;
    return result;
}

int mkdir(const char *path, mode_t mode) {
    HELD;
    int result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (result == 0 && below(path)) event(MAKE, -1, 0, path, NULL, 0);
    DONE;
    return result;
}

/* What this file does not follow must not happen unseen below the folder. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (is_watched(fd)) abort();
    return syscall(SYS_writev, fd, parts, count);
}
ssize_t sendfile64(int out, int in, off64_t *offset, size_t count) {
    if (is_watched(out)) abort();
    return syscall(SYS_sendfile, out, in, offset, count);
}
