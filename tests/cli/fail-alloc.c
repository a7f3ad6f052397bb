/* Loaded before a program (LD_PRELOAD): allocation number FAIL_AT fails, once. FAIL_COUNT names a
 * file that gets how many there were.
 *
 * Those that GLib asks for do not count: g_malloc ends the program by design. What remains are
 * libraries' own, and our large buffers (sg_aligned_alloc). With FAIL_MIN=BYTES they do count, and
 * none that is smaller: what a file, a picture, a network or a batch makes large. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t alignment, size_t n);

static atomic_long made;
static long fail_at = -1;
static size_t fail_min;
static int with_glib, ready;

/* libgomp and the dynamic linker end the program, too; CUDA's runtime, oneDNN 2.6 and
 * libwebp 1.2.4 crash where they ask for a few bytes; the C library's own are its affair. */
static const char *const not_counted[] = {"libgomp",         "ld-linux", "libc.so", "libstdc++",
                                          "libvitrine-cuda", "libdnnl",  "libwebp"};
static const char *const glib[] = {"libglib", "libgobject", "libgio"};

static int
is_one_of(const char *file, const char *const *names, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (strstr(file, names[i]))
      return 1;
  return 0;
}

/* What dladdr says of a caller is kept: it is slow. An address, moved left, and whether it
 * counts. */
static _Atomic uintptr_t known[4096];

static int
counts(const void *caller, size_t n)
{
  Dl_info info;
  static __thread int inside;
  uintptr_t address = (uintptr_t)caller << 1;
  _Atomic uintptr_t *entry = &known[(uintptr_t)caller % (sizeof known / sizeof *known)];

  if (!ready || inside || n < fail_min)
    return 0;
  uintptr_t found = atomic_load(entry);
  if ((found & ~(uintptr_t)1) == address)
    return (int)(found & 1);
  inside = 1;
  int counted = dladdr(caller, &info) && info.dli_fname &&
                !is_one_of(info.dli_fname, not_counted, sizeof not_counted / sizeof *not_counted) &&
                (with_glib || !is_one_of(info.dli_fname, glib, sizeof glib / sizeof *glib));
  inside = 0;
  atomic_store(entry, address | (uintptr_t)(counted != 0));
  return counted;
}

static int
fails(const void *caller, size_t n)
{
  return counts(caller, n) && atomic_fetch_add(&made, 1) + 1 == fail_at;
}

void *
malloc(size_t n)
{
  if (!fails(__builtin_return_address(0), n))
    return __libc_malloc(n);
  errno = ENOMEM;
  return NULL;
}

void *
calloc(size_t n, size_t size)
{
  if (!fails(__builtin_return_address(0), n * size))
    return __libc_calloc(n, size);
  errno = ENOMEM;
  return NULL;
}

void *
realloc(void *p, size_t n)
{
  if (!fails(__builtin_return_address(0), n))
    return __libc_realloc(p, n);
  errno = ENOMEM;
  return NULL;
}

int
posix_memalign(void **p, size_t alignment, size_t n)
{
  void *made_here =
      fails(__builtin_return_address(0), n) ? NULL : __libc_memalign(alignment, n ? n : 1);
  if (!made_here)
    return ENOMEM;
  *p = made_here;
  return 0;
}

__attribute__((constructor)) static void
begin(void)
{
  const char *at = getenv("FAIL_AT"), *min = getenv("FAIL_MIN");
  with_glib = min != NULL;
  fail_min = min ? (size_t)atol(min) : 0;
  fail_at = at ? atol(at) : -1;
  ready = 1;
}

__attribute__((destructor)) static void
end(void)
{
  const char *path = getenv("FAIL_COUNT");
  ready = 0;
  FILE *f = path ? fopen(path, "w") : NULL;
  if (f) {
    fprintf(f, "%ld\n", (long)made);
    fclose(f);
  }
}
