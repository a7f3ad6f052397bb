/* The side that looks at a running training's weights.
 *
 * The connection stays open: its end is how a follower learns at once that the training is gone. */
#include "engine/record/publish-private.h"
#include "engine/record/run-dir-private.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT_MS 2000
/* Well before the training forgets us, also when one request is lost. */
#define ASK_EVERY (3 * G_USEC_PER_SEC)
/* Larger than any model: sizes come from another process. */
#define MAX_FILE ((guint64)1 << 40)

struct _SgFollow {
  char *run_dir;
  int socket; /* -1: to be connected again */
  gint64 asked;
  gboolean ended;

  const SgPublishHeader *map;
  SgPublishHeader h; /* a copy of its constant fields, which was checked */
  dev_t device;      /* of the memory file */
  ino_t inode;
  guint64 seen; /* publication handed out last */
};

/* ---- the memory file ------------------------------------------------------------------------- */

static void
unmap(SgFollow *f)
{
  if (f->map)
    munmap((gpointer)f->map, f->h.file_size);
  f->map = NULL;
  f->seen = 0;
}

static gboolean
lies_inside(guint64 at, guint64 size, guint64 file_size)
{
  return size <= file_size && at <= file_size - size && at % 8 == 0;
}

static gboolean
is_sound(const SgPublishHeader *h, guint64 file_size)
{
  return memcmp(h->magic, SG_PUBLISH_MAGIC, sizeof h->magic) == 0 &&
         h->layout == SG_PUBLISH_LAYOUT && h->file_size == file_size && h->head_size % 8 == 0 &&
         h->slot_size % sizeof(float) == 0 && lies_inside(h->head_at, h->head_size, file_size) &&
         lies_inside(h->slot_at[0], h->slot_size, file_size) &&
         lies_inside(h->slot_at[1], h->slot_size, file_size);
}

/* Only what can neither shrink nor be anything else than memory is mapped: reading it could raise
 * SIGBUS otherwise. */
static gboolean
map_file(SgFollow *f, int fd, GError **error)
{
  struct stat st;
  int seals = fcntl(fd, F_GET_SEALS);
  SgPublishHeader *map = MAP_FAILED, h;

  if (seals >= 0 && (seals & F_SEAL_SHRINK) && (seals & F_SEAL_GROW) && fstat(fd, &st) == 0 &&
      (guint64)st.st_size >= sizeof *map && (guint64)st.st_size <= MAX_FILE)
    map = mmap(NULL, (gsize)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
  /* Copied, then checked: who shares the memory may write into it at any time. */
  if (map != MAP_FAILED) {
    memcpy(&h, map, sizeof h);
    atomic_signal_fence(memory_order_seq_cst); /* the copy is not read from the map again */
  }
  if (map != MAP_FAILED && is_sound(&h, (guint64)st.st_size)) {
    f->map = map;
    f->h = h;
    f->device = st.st_dev;
    f->inode = st.st_ino;
    return TRUE;
  }
  if (map != MAP_FAILED)
    munmap(map, (gsize)st.st_size);
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
              "%s: the training shows its weights in a way that this program does not know",
              f->run_dir);
  return FALSE;
}

static gboolean
is_mapped(const SgFollow *f, int fd)
{
  struct stat st;
  return f->map && fstat(fd, &st) == 0 && st.st_dev == f->device && st.st_ino == f->inode;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void
hang_up(SgFollow *f)
{
  if (f->socket >= 0)
    close(f->socket);
  f->socket = -1;
}

static gboolean
check_answer(const SgFollow *f, const char *text, int passed, GError **error)
{
  json_t *answer = json_loads(text, 0, NULL);
  const char *why = json_string_value(json_object_get(answer, "error"));
  gboolean ok = json_is_true(json_object_get(answer, "ok")) && passed >= 0;

  if (!ok)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: the training cannot be followed: %s",
                f->run_dir, why ? why : "what answers there is no training");
  json_decref(answer);
  return ok;
}

/* A training that started again in the same directory has another memory file. */
static gboolean
ask(SgFollow *f, GError **error)
{
  g_autofree char *line = sg_control_line("follow", NULL, NULL);
  g_autoptr(GString) answer = g_string_new(NULL);
  int passed = -1;

  if (f->socket < 0)
    f->socket = sg_control_connect(f->run_dir);
  f->asked = g_get_monotonic_time();
  if (f->socket < 0 || !sg_control_exchange(f->socket, line, answer, &passed, TIMEOUT_MS)) {
    sg_control_failed(error, f->run_dir, errno);
    hang_up(f);
    return FALSE;
  }
  gboolean ok = check_answer(f, answer->str, passed, error);
  if (ok && !is_mapped(f, passed)) {
    unmap(f);
    ok = map_file(f, passed, error);
  }
  if (passed >= 0)
    close(passed);
  return ok;
}

SgFollow *
sg_follow_new(const char *run_dir, GError **error)
{
  g_autoptr(SgFollow) f = g_new0(SgFollow, 1);

  f->run_dir = g_strdup(run_dir);
  f->socket = -1;
  return ask(f, error) ? g_steal_pointer(&f) : NULL;
}

/* Nothing comes over the connection unasked: what can be read is its end. */
static gboolean
has_hung_up(const SgFollow *f)
{
  struct pollfd p = {f->socket, POLLIN, 0};
  return f->socket >= 0 && poll(&p, 1, 0) > 0;
}

/* Repeats the request. Who does not answer is busy and is asked again later; the connection may
 * also have had to make room for others. */
static void
keep_asking(SgFollow *f)
{
  g_autoptr(GError) why = NULL;

  if (f->ended)
    return;
  if (has_hung_up(f))
    hang_up(f);
  else if (g_get_monotonic_time() - f->asked < ASK_EVERY)
    return;
  f->ended = !ask(f, &why) && !g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_AGAIN);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A copy of publication *number as a safetensors file, or of one that took its place before we
 * looked: *number becomes its. NULL if it was overwritten meanwhile. */
static guint8 *
copy_newest(SgFollow *f, guint64 *number, guint64 *nimg)
{
  guint64 at = *number % 2;
  const SgPublishSlot *slot = &f->map->slots[at];
  const char *base = (const char *)f->map;
  g_autofree guint8 *copy = g_try_malloc(f->h.head_size + f->h.slot_size);
  if (!copy)
    return NULL;
  guint64 before = atomic_load_explicit(&slot->sequence, memory_order_acquire);

  memcpy(copy, base + f->h.head_at, f->h.head_size);
  memcpy(copy + f->h.head_size, base + f->h.slot_at[at], f->h.slot_size);
  *number = atomic_load_explicit(&slot->number, memory_order_relaxed);
  *nimg = atomic_load_explicit(&slot->nimg, memory_order_relaxed);
  atomic_thread_fence(memory_order_acquire);
  guint64 after = atomic_load_explicit(&slot->sequence, memory_order_relaxed);
  return before == after && before % 2 == 0 ? g_steal_pointer(&copy) : NULL;
}

/* A training that is about to fail is no error of who looks. */
static gboolean
is_finite(const SgFollow *f, const guint8 *copy)
{
  const float *v = (const float *)(gconstpointer)(copy + f->h.head_size);
  float sum = 0;

  for (gsize i = 0; i < f->h.slot_size / sizeof(float); i++)
    sum += v[i] * 0;
  return sum == 0;
}

static SgModel *
to_model(const SgFollow *f, const guint8 *copy, guint64 nimg, GError **error)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_autoptr(SgArchive) a =
      sg_archive_open_memory(f->run_dir, copy, f->h.head_size + f->h.slot_size, error);
  SgModel *m = a ? sg_model_from_archive(a, error) : NULL;

  if (!m)
    return NULL;
  g_ascii_dtostr(text, sizeof text, (double)nimg / 1000);
  g_hash_table_replace(m->metadata, g_strdup("kimg"), g_strdup(text));
  g_free(m->kind);
  m->kind = g_strdup("running training");
  return m;
}

SgModel *
sg_follow_next(SgFollow *f, double *kimg, GError **error)
{
  guint64 nimg = 0;

  keep_asking(f);
  guint64 newest = f->map ? atomic_load_explicit(&f->map->newest, memory_order_acquire) : 0;
  if (newest > f->seen && newest >= atomic_load(&f->map->since)) {
    g_autofree guint8 *copy = copy_newest(f, &newest, &nimg);
    if (!copy)
      return NULL; /* next time */
    f->seen = newest;
    if (is_finite(f, copy)) {
      *kimg = (double)nimg / 1000;
      return to_model(f, copy, nimg, error);
    }
  }
  if (f->ended)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "%s: the training has ended", f->run_dir);
  return NULL;
}

void
sg_follow_free(SgFollow *f)
{
  if (!f)
    return;
  unmap(f);
  hang_up(f);
  g_free(f->run_dir);
  g_free(f);
}
