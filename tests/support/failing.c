#include "tests/support/failing.h"
#include "engine/formats/format-error.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int kind_now = -1, made, fail_at;

static gboolean
fails(FailKind kind, int error)
{
  if (atomic_load(&kind_now) != (int)kind)
    return FALSE;
  int n = atomic_fetch_add(&made, 1) + 1;
  if (kind == FAIL_READ ? fail_at == 0 || n < fail_at : n != fail_at)
    return FALSE;
  errno = error;
  return TRUE;
}

void
failing_begin(FailKind kind, int at)
{
  made = 0;
  fail_at = at;
  kind_now = (int)kind;
}

int
failing_end(void)
{
  kind_now = -1;
  return made;
}

/* ---- what stands before the real ones -------------------------------------------------------- */

ssize_t
pread(int fd, void *buffer, size_t n, off_t at)
{
  return fails(FAIL_READ, EIO) ? -1 : syscall(SYS_pread64, fd, buffer, n, at);
}

ssize_t
read(int fd, void *buffer, size_t n)
{
  return fails(FAIL_READ, EIO) ? -1 : syscall(SYS_read, fd, buffer, n);
}

ssize_t
write(int fd, const void *buffer, size_t n)
{
  return fails(FAIL_WRITE, ENOSPC) ? -1 : syscall(SYS_write, fd, buffer, n);
}

int
fsync(int fd)
{
  return fails(FAIL_WRITE, ENOSPC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
rename(const char *from, const char *to)
{
  return fails(FAIL_WRITE, ENOSPC) ? -1 : (int)syscall(SYS_rename, from, to);
}

int
mkdir(const char *path, mode_t mode)
{
  return fails(FAIL_WRITE, ENOSPC) ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

gpointer
g_try_malloc(gsize n)
{
  return n == 0 || fails(FAIL_MEMORY, ENOMEM) ? NULL : malloc(n);
}

gpointer
g_try_malloc0(gsize n)
{
  return n == 0 || fails(FAIL_MEMORY, ENOMEM) ? NULL : calloc(1, n);
}

gpointer
g_try_realloc(gpointer p, gsize n)
{
  return n == 0 || fails(FAIL_MEMORY, ENOMEM) ? NULL : realloc(p, n);
}

gpointer
g_try_malloc_n(gsize n, gsize size)
{
  gsize bytes;

  return g_size_checked_mul(&bytes, n, size) ? g_try_malloc(bytes) : NULL;
}

gpointer
g_try_malloc0_n(gsize n, gsize size)
{
  gsize bytes;

  return g_size_checked_mul(&bytes, n, size) ? g_try_malloc0(bytes) : NULL;
}

int
posix_memalign(void **p, size_t alignment, size_t n)
{
  if (fails(FAIL_MEMORY, ENOMEM))
    return ENOMEM;
  *p = aligned_alloc(alignment, MAX((n + alignment - 1) / alignment * alignment, alignment));
  return *p ? 0 : ENOMEM;
}

/* ---- loops ----------------------------------------------------------------------------------- */

static const char *const reasons[] = {
    [FAIL_READ] = "Input/output error", [FAIL_MEMORY] = "memory", [FAIL_WRITE] = "No space left"};

int
failing_each(FailKind kind, int most, const char *what, FailAttempt attempt, gconstpointer data)
{
  g_autoptr(GError) none = NULL;
  int ended = 0;

  failing_begin(kind, 0);
  gboolean good = attempt(data, &none);
  int calls = failing_end();
  g_assert_no_error(none);
  g_assert_true(good);
  g_assert_cmpint(calls, >, 0);
  for (int k = 0; k < MIN(most, calls); k++) {
    int at = calls <= most ? k + 1 : 1 + (int)((gint64)k * (calls - 1) / MAX(most - 1, 1));
    g_autoptr(GError) error = NULL;
    failing_begin(kind, at);
    gboolean ok = attempt(data, &error);
    failing_end();
    g_assert_cmpint(ok, ==, error == NULL);
    ended += !ok;
    if (!ok && !strstr(error->message, reasons[kind]))
      g_error("%s, call %d of %d: “%s” does not say “%s”", what, at, calls, error->message,
              reasons[kind]);
    if (!ok && kind == FAIL_MEMORY && !sg_is_shortage(error))
      g_error("%s, call %d of %d: “%s” is not called a shortage", what, at, calls, error->message);
  }
  return ended;
}
