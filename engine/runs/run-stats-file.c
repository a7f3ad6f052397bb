/* Follows stats.jsonl: whole lines that are new, a big first reading on two threads. */
#include "engine/runs/run-reader-private.h"
#include "engine/record/run-dir.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK  (4 * 1024 * 1024) /* more than the longest line */
#define SHARED (512 * 1024)      /* from so many bytes on a second thread is worth it */
#define BEHIND 64                /* bytes before the offset that must still be what they were */

struct _SgStatsFile {
  char *path;
  gboolean known; /* device and inode are of what has been read */
  dev_t device;
  ino_t inode;
  guint64 offset;    /* whole lines up to here have been read */
  gboolean skipping; /* within a line that is too long */
  gboolean cut;      /* more than SG_RUN_STATS_MOST, of which the rest is not read */
  char behind[BEHIND];
  guint n_behind;
  SgStatsParser *parsers[2];
};

SgStatsFile *
sg_stats_file_new(const char *path)
{
  SgStatsFile *f = g_new0(SgStatsFile, 1);
  f->path = g_strdup(path);
  for (int i = 0; i < 2; i++)
    f->parsers[i] = sg_stats_parser_new();
  return f;
}

void
sg_stats_file_free(SgStatsFile *f)
{
  if (!f)
    return;
  for (int i = 0; i < 2; i++)
    sg_stats_parser_free(f->parsers[i]);
  g_free(f->path);
  g_free(f);
}

/* As much as there is of n bytes; 0 also on an error, which the next poll may not meet. */
static gsize
read_at(int fd, char *to, gsize n, guint64 offset)
{
  gsize done = 0;

  while (done < n) {
    gssize k = pread(fd, to + done, n - done, (off_t)(offset + done));
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      break;
    done += (gsize)k;
  }
  return done;
}

/* ---- one chunk ------------------------------------------------------------------------------- */

typedef struct {
  SgStatsParser *parser;
  const char *text;
  gsize n;
} Part;

static gpointer
parse_part(gpointer data)
{
  Part *part = data;
  sg_stats_parse(part->parser, part->text, part->n);
  return NULL;
}

/* Where the second half begins: behind a line break near the middle; n if there is none. */
static gsize
middle(const char *text, gsize n)
{
  const char *lf = n >= SHARED ? memchr(text + n / 2, '\n', n - n / 2) : NULL;
  return lf ? (gsize)(lf + 1 - text) : n;
}

static void
take_lines(SgStatsFile *f, SgStatsTable *t, GMutex *lock, const char *text, gsize n)
{
  gsize half = middle(text, n);
  Part first = {f->parsers[0], text, half}, second = {f->parsers[1], text + half, n - half};
  GThread *thread = half < n ? g_thread_try_new("stats", parse_part, &second, NULL) : NULL;

  parse_part(&first);
  if (thread)
    g_thread_join(thread);
  else
    parse_part(&second);
  g_mutex_lock(lock);
  for (int i = 0; i < 2; i++)
    sg_stats_table_add(t, f->parsers[i]);
  g_mutex_unlock(lock);
  for (int i = 0; i < 2; i++)
    sg_stats_parser_clear(f->parsers[i]);
}

static void
advance(SgStatsFile *f, const char *text, gsize n)
{
  f->offset += n;
  f->n_behind = (guint)MIN(n, BEHIND);
  memcpy(f->behind, text + n - f->n_behind, f->n_behind);
}

/* The next chunk; FALSE: there is no whole line more. */
static gboolean
take_chunk(SgStatsFile *f, int fd, char *buffer, gsize n, SgStatsTable *t, GMutex *lock,
           gboolean *changed)
{
  n = read_at(fd, buffer, n, f->offset);
  const char *lf = f->skipping ? memchr(buffer, '\n', n) : n > 0 ? memrchr(buffer, '\n', n) : NULL;
  gsize whole = lf ? (gsize)(lf + 1 - buffer) : 0;

  if (f->skipping && n > 0) { /* the rest of a line without end */
    f->skipping = lf == NULL;
    advance(f, buffer, whole > 0 ? whole : n);
    return TRUE;
  }
  if (whole == 0 && n < CHUNK)
    return FALSE;
  *changed = TRUE;
  if (whole == 0) {
    g_mutex_lock(lock);
    t->bad++;
    g_mutex_unlock(lock);
    f->skipping = TRUE;
    advance(f, buffer, n);
    return TRUE;
  }
  take_lines(f, t, lock, buffer, whole);
  advance(f, buffer, whole);
  return TRUE;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Shorter, another file under the name, or another text where the last line was. */
static gboolean
is_another(SgStatsFile *f, int fd, const struct stat *st)
{
  char now[BEHIND];

  if (!f->known)
    return FALSE;
  if (st->st_dev != f->device || st->st_ino != f->inode || (guint64)st->st_size < f->offset)
    return TRUE;
  return f->n_behind > 0 &&
         (read_at(fd, now, f->n_behind, f->offset - f->n_behind) != f->n_behind ||
          memcmp(now, f->behind, f->n_behind) != 0);
}

/* How much of it is read; that the rest is not counts as a line that is no statistics. */
static guint64
known_size(SgStatsFile *f, const struct stat *st, SgStatsTable *t, GMutex *lock)
{
  guint64 size = (guint64)st->st_size;

  if (size <= SG_RUN_STATS_MOST)
    return size;
  g_mutex_lock(lock);
  t->bad += f->cut ? 0 : 1;
  g_mutex_unlock(lock);
  f->cut = TRUE;
  return SG_RUN_STATS_MOST;
}

SgStatsResult
sg_stats_file_poll(SgStatsFile *f, SgStatsTable *t, GMutex *lock, int budget_ms, gboolean *changed)
{
  gint64 deadline = g_get_monotonic_time() + (gint64)budget_ms * 1000;
  SgStatsResult result = SG_STATS_END;
  struct stat st;
  /* Not blocking: something hostile under this name may be a pipe. */
  int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    if (fd >= 0)
      close(fd);
    return SG_STATS_END; /* what is known stays */
  }
  if (is_another(f, fd, &st)) {
    close(fd);
    return SG_STATS_ANEW;
  }
  f->known = TRUE;
  f->device = st.st_dev, f->inode = st.st_ino;
  guint64 size = known_size(f, &st, t, lock);
  if (size > f->offset) {
    gsize n = MIN(size - f->offset, CHUNK);
    g_autofree char *buffer = g_malloc(n);
    /* Up to the size it had: a file that grows faster than it is read has an end, too. */
    while (f->offset < size) {
      gsize left = MIN(size - f->offset, n);
      if (!take_chunk(f, fd, buffer, left, t, lock, changed))
        break;
      if (budget_ms > 0 && g_get_monotonic_time() >= deadline && f->offset < size) {
        result = SG_STATS_MORE;
        break;
      }
    }
  }
  close(fd);
  return result;
}
