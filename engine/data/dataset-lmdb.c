/* LMDB, in which LSUN comes: a B+tree in pages of one file, a picture a key.
 *
 * Read by hand rather than by liblmdb: that maps the file and follows what its pages say without
 * looking whether it can be (py-lmdb's CVE-2019-16224 to 16228), and a data set may come from
 * anybody. The layout is that of version 0.9, 64 bit, little endian: docs/formats.md. */
#include "engine/data/dataset-private.h"
#include "engine/formats/format-error.h"
#include <string.h>

#define MAGIC      0xbeefc0deu
#define PAGE_HEAD  16
#define NODE_HEAD  8
#define MAX_DEPTH  32
#define MAX_PAGE   65536
#define MAX_VALUES G_MAXINT

enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum { NODE_BIG = 1, NODE_TREE = 2, NODE_DOUBLES = 4 };

typedef struct {
  SgSource *file;
  guint64 pages, visited;
  gsize page_size;
  SgLmdbFound found;
  gpointer user_data;
  guint64 values;
} Tree;

static guint16
le16(const guint8 *p)
{
  return (guint16)(p[0] | p[1] << 8);
}

static guint32
le32(const guint8 *p)
{
  return (guint32)le16(p) | (guint32)le16(p + 2) << 16;
}

static guint64
le64(const guint8 *p)
{
  return (guint64)le32(p) | (guint64)le32(p + 4) << 32;
}

static gboolean
damaged(GError **error)
{
  return sg_broken(error, "the LMDB database is damaged: a page is not where another says");
}

static guint8 *
read_page(Tree *t, guint64 number, GError **error)
{
  g_autofree guint8 *page = g_try_malloc(t->page_size);

  if (!page) {
    sg_no_memory(error, "for a page of the LMDB database");
    return NULL;
  }
  /* A tree has no page twice: who goes in a circle meets more than there are. */
  if (number >= t->pages || t->visited++ >= t->pages) {
    damaged(error);
    return NULL;
  }
  if (!sg_source_read(t->file, number * t->page_size, page, t->page_size, error))
    return NULL;
  if (le64(page) != number) {
    damaged(error);
    return NULL;
  }
  return g_steal_pointer(&page);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Where a value of its own pages begins. */
static gboolean
overflow_at(Tree *t, guint64 number, gsize size, guint64 *at, GError **error)
{
  guint8 head[PAGE_HEAD];

  if (number >= t->pages)
    return damaged(error);
  if (!sg_source_read(t->file, number * t->page_size, head, PAGE_HEAD, error))
    return FALSE;
  guint64 pages = le32(head + 12);
  if (le64(head) != number || !(le16(head + 10) & PAGE_OVERFLOW) || pages > t->pages - number ||
      size > pages * t->page_size - PAGE_HEAD || pages == 0)
    return damaged(error);
  *at = number * t->page_size + PAGE_HEAD;
  return TRUE;
}

static gboolean
take_value(Tree *t, guint64 page, const guint8 *bytes, gsize offset, GError **error)
{
  const guint8 *node = bytes + offset;
  gsize room = t->page_size - offset, key = le16(node + 6), size = le32(node);
  guint flags = le16(node + 4);
  gsize stored = flags & NODE_BIG ? 8 : size;
  guint64 at = page * t->page_size + offset + NODE_HEAD + key;

  if (flags & (NODE_TREE | NODE_DOUBLES))
    return sg_unsupported(error, "expected an LMDB database with one value for each key, found "
                                 "several databases in one file, or several values");
  if (key > room - NODE_HEAD || stored > room - NODE_HEAD - key)
    return damaged(error);
  if (++t->values > MAX_VALUES)
    return sg_unsupported(error, "the LMDB database has more than %d values", MAX_VALUES);
  if ((flags & NODE_BIG) && !overflow_at(t, le64(node + NODE_HEAD + key), size, &at, error))
    return FALSE;
  t->found(node + NODE_HEAD, key, at, size, t->user_data);
  return TRUE;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static gboolean
walk(Tree *t, guint64 number, int depth, GError **error)
{
  g_autofree guint8 *page = depth < MAX_DEPTH ? read_page(t, number, error) : NULL;

  if (!page)
    return error && *error ? FALSE : damaged(error);
  guint flags = le16(page + 10), lower = le16(page + 12);
  if (lower < PAGE_HEAD || lower > t->page_size || !(flags & (PAGE_BRANCH | PAGE_LEAF)))
    return damaged(error);
  for (guint i = 0; i < (lower - PAGE_HEAD) / 2; i++) {
    gsize offset = le16(page + PAGE_HEAD + 2 * i);
    const guint8 *node = page + offset;
    if (offset + NODE_HEAD > t->page_size)
      return damaged(error);
    if (flags & PAGE_BRANCH) {
      guint64 child = le32(node) | (guint64)le16(node + 4) << 32;
      if (!walk(t, child, depth + 1, error))
        return FALSE;
    } else if (!take_value(t, number, page, offset, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

/* The newer of the two meta pages that is whole; its bytes behind the page's head. */
static const guint8 *
newer_meta(const guint8 *first, const guint8 *second)
{
  const guint8 *pages[] = {first, second}, *best = NULL;

  for (int i = 0; i < 2; i++) {
    const guint8 *meta = pages[i] ? pages[i] + PAGE_HEAD : NULL;
    if (meta && (le16(pages[i] + 10) & PAGE_META) && le32(meta) == MAGIC && le32(meta + 4) == 1 &&
        (!best || le64(meta + 128) > le64(best + 128)))
      best = meta;
  }
  return best;
}

#define META_BYTES (PAGE_HEAD + 136)

gboolean
sg_lmdb_recognise(const char *path, char **file)
{
  gboolean folder = g_file_test(path, G_FILE_TEST_IS_DIR);
  g_autofree char *inside = folder ? g_build_filename(path, "data.mdb", NULL) : g_strdup(path);
  g_autoptr(SgSource) source = sg_source_open(inside, NULL);
  guint8 head[PAGE_HEAD + 8];

  if (!source || !sg_source_read(source, 0, head, sizeof head, NULL) ||
      le32(head + PAGE_HEAD) != MAGIC)
    return FALSE;
  if (file)
    *file = g_steal_pointer(&inside);
  return TRUE;
}

gboolean
sg_lmdb_list(SgSource *file, SgLmdbFound found, gpointer user_data, GError **error)
{
  guint8 first[META_BYTES], second[META_BYTES];
  Tree t = {.file = file, .found = found, .user_data = user_data};

  if (!sg_source_read(file, 0, first, META_BYTES, error))
    return FALSE;
  t.page_size = le32(first + PAGE_HEAD + 24);
  if (le32(first + PAGE_HEAD) != MAGIC || le32(first + PAGE_HEAD + 4) != 1)
    return sg_unsupported(error, "expected an LMDB database of version 1, found another one");
  if (t.page_size < 512 || t.page_size > MAX_PAGE || (t.page_size & (t.page_size - 1)) != 0)
    return damaged(error);
  t.pages = sg_source_size(file) / t.page_size;
  gboolean two = sg_source_read(file, t.page_size, second, META_BYTES, NULL);
  const guint8 *meta = newer_meta(first, two ? second : NULL);
  if (!meta)
    return damaged(error);
  const guint8 *tree = meta + 24 + 48; /* behind that of free pages */
  if (le64(tree + 40) == G_MAXUINT64)
    return sg_unsupported(error, "the LMDB database is empty");
  return walk(&t, le64(tree + 40), 0, error);
}
