/* The training's side of following: the memory file, and when to write into it. */
#include "engine/record/publish.h"
#include "engine/record/publish-private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A request counts so long; followers repeat it three times as often. */
#define FOLLOWED_FOR (10 * G_USEC_PER_SEC)
#define BETWEEN      (G_USEC_PER_SEC / 2)

#ifndef F_SEAL_FUTURE_WRITE
#  define F_SEAL_FUTURE_WRITE 0x0010 /* Linux 5.1 */
#endif

struct _SgPublisher {
  GBytes *head;
  gsize numbers;
  int fd; /* for reading */

  GMutex mutex; /* for what is below */
  SgPublishHeader *map;
  gint64 asked, published; /* when last; 0: never */
  guint64 nimg, published_nimg;
};

SgPublisher *
sg_publisher_new(const SgModel *like)
{
  SgPublisher *p = g_new0(SgPublisher, 1);

  p->head = sg_model_head(like);
  p->fd = -1;
  for (guint i = 0; i < like->names->len; i++) {
    const SgTensor *t = g_hash_table_lookup(like->tensors, like->names->pdata[i]);
    p->numbers += t->numel;
  }
  g_mutex_init(&p->mutex);
  return p;
}

/* ---- the memory file ------------------------------------------------------------------------- */

static guint64
round_up(guint64 n)
{
  guint64 page = (guint64)sysconf(_SC_PAGESIZE);
  return (n + page - 1) / page * page;
}

static void
lay_out(const SgPublisher *p, SgPublishHeader *h)
{
  *h = (SgPublishHeader){.layout = SG_PUBLISH_LAYOUT,
                         .head_at = sizeof *h,
                         .head_size = g_bytes_get_size(p->head),
                         .slot_size = p->numbers * sizeof(float)};
  memcpy(h->magic, SG_PUBLISH_MAGIC, sizeof h->magic);
  h->slot_at[0] = round_up(h->head_at + h->head_size);
  h->slot_at[1] = round_up(h->slot_at[0] + h->slot_size);
  h->file_size = round_up(h->slot_at[1] + h->slot_size);
}

/* A file that cannot shrink raises no SIGBUS in who maps it, and followers cannot write into it. */
static gboolean
seal(int fd)
{
  int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  return fcntl(fd, F_ADD_SEALS, seals | F_SEAL_FUTURE_WRITE) == 0 ||
         fcntl(fd, F_ADD_SEALS, seals) == 0;
}

static int
reopen_for_reading(int fd)
{
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return open(path, O_RDONLY | O_CLOEXEC);
}

/* All pages are there before the training writes the first time: it shall not wait for them. */
static SgPublishHeader *
make_file(const SgPublisher *p, int *reader)
{
  SgPublishHeader h, *map = MAP_FAILED;
  int fd = memfd_create("vitrine-weights", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  *reader = -1;
  lay_out(p, &h);
  if (fd >= 0 && (errno = posix_fallocate(fd, 0, (off_t)h.file_size)) == 0)
    map = mmap(NULL, h.file_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (map != MAP_FAILED && seal(fd))
    *reader = reopen_for_reading(fd);
  int saved = errno;
  if (fd >= 0)
    close(fd);
  if (*reader < 0 && map != MAP_FAILED)
    munmap(map, h.file_size);
  errno = saved;
  if (*reader < 0)
    return NULL;
  *map = h;
  memcpy((char *)map + h.head_at, g_bytes_get_data(p->head, NULL), h.head_size);
  return map;
}

int
sg_publisher_ask(SgPublisher *p, GError **error)
{
  SgPublishHeader *map = p->map; /* only this thread changes it */

  if (!map && !(map = make_file(p, &p->fd))) {
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
                "no memory to show the weights in: %s", g_strerror(errno));
    return -1;
  }
  gint64 now = g_get_monotonic_time();
  g_mutex_lock(&p->mutex);
  if (p->published && now - p->asked >= FOLLOWED_FOR && p->nimg != p->published_nimg)
    atomic_store(&map->since, atomic_load(&map->newest) + 1);
  if (!p->map)
    p->map = map; /* once: the training reads it without the mutex */
  p->asked = now;
  g_mutex_unlock(&p->mutex);
  return p->fd;
}

/* ---- publishing ------------------------------------------------------------------------------ */

void
sg_publisher_advance(SgPublisher *p, guint64 nimg)
{
  g_mutex_lock(&p->mutex);
  p->nimg = nimg;
  g_mutex_unlock(&p->mutex);
}

gint64
sg_publisher_due(SgPublisher *p)
{
  gint64 now = g_get_monotonic_time(), due = -1;

  g_mutex_lock(&p->mutex);
  gboolean newer = !p->published || p->nimg != p->published_nimg;
  if (p->asked && now - p->asked < FOLLOWED_FOR && newer)
    due = p->published ? MAX(p->published + BETWEEN - now, 0) : 0;
  g_mutex_unlock(&p->mutex);
  return due;
}

static guint64
next_number(const SgPublisher *p)
{
  return atomic_load_explicit(&p->map->newest, memory_order_relaxed) + 1;
}

/* A sequence lock (Boehm 2012, "Can seqlocks get along with programming language memory models?"):
 * the fence keeps the numbers from getting ahead of the odd sequence. */
float *
sg_publisher_begin(SgPublisher *p)
{
  g_return_val_if_fail(p->map, NULL);
  guint64 slot = next_number(p) % 2;

  atomic_fetch_add_explicit(&p->map->slots[slot].sequence, 1, memory_order_relaxed);
  atomic_thread_fence(memory_order_release);
  return (float *)(gpointer)((char *)p->map + p->map->slot_at[slot]);
}

void
sg_publisher_end(SgPublisher *p)
{
  guint64 number = next_number(p);
  SgPublishSlot *slot = &p->map->slots[number % 2];

  g_mutex_lock(&p->mutex);
  p->published = g_get_monotonic_time();
  p->published_nimg = p->nimg;
  g_mutex_unlock(&p->mutex);
  atomic_store_explicit(&slot->number, number, memory_order_relaxed);
  atomic_store_explicit(&slot->nimg, p->published_nimg, memory_order_relaxed);
  atomic_fetch_add_explicit(&slot->sequence, 1, memory_order_release);
  atomic_store_explicit(&p->map->newest, number, memory_order_release);
}

void
sg_publisher_free(SgPublisher *p)
{
  if (!p)
    return;
  if (p->map)
    munmap(p->map, p->map->file_size);
  if (p->fd >= 0)
    close(p->fd);
  g_bytes_unref(p->head);
  g_mutex_clear(&p->mutex);
  g_free(p);
}
