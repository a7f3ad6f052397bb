/* Loaded before a program (LD_PRELOAD): allocation number FAIL_AT fails, once. FAIL_COUNT names a
 * file that gets how many there were.
 *
 * Those that GLib asks for do not count: g_malloc ends the program by design. What remains are
 * libraries' own, and our large buffers (sg_aligned_alloc). */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
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
static int ready;

/* libgomp and the dynamic linker end the program, too; CUDA's runtime, oneDNN 2.6 and
 * libwebp 1.2.4 crash where they ask for a few bytes; the C library's own are its affair. */
static const char *const not_counted[] = {"libglib",  "libgobject", "libgio",    "libgomp",
                                          "ld-linux", "libc.so",    "libstdc++", "libvitrine-cuda",
                                          "libdnnl",  "libwebp"};

static int
counts(const void *caller)
{
  Dl_info info;
  static __thread int inside;

  if (!ready || inside)
    return 0;
  inside = 1;
  int counted = dladdr(caller, &info) && info.dli_fname;
  for (size_t i = 0; counted && i < sizeof not_counted / sizeof *not_counted; i++)
    counted = !strstr(info.dli_fname, not_counted[i]);
  inside = 0;
  return counted;
}

static int
fails(const void *caller)
{
  return counts(caller) && atomic_fetch_add(&made, 1) + 1 == fail_at;
}

void *
malloc(size_t n)
{
  if (!fails(__builtin_return_address(0)))
    return __libc_malloc(n);
  errno = ENOMEM;
  return NULL;
}

void *
calloc(size_t n, size_t size)
{
  if (!fails(__builtin_return_address(0)))
    return __libc_calloc(n, size);
  errno = ENOMEM;
  return NULL;
}

void *
realloc(void *p, size_t n)
{
  if (!fails(__builtin_return_address(0)))
    return __libc_realloc(p, n);
  errno = ENOMEM;
  return NULL;
}

int
posix_memalign(void **p, size_t alignment, size_t n)
{
  void *made_here =
      fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, n ? n : 1);
  if (!made_here)
    return ENOMEM;
  *p = made_here;
  return 0;
}

__attribute__((constructor)) static void
begin(void)
{
  const char *at = getenv("FAIL_AT");
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
