#include "app/runs/vitrine-run-pictures.h"
#include <string.h>
#include "engine/pictures/picture.h"

typedef struct {
  char *key;
  VitrineRunPicture picture;
  gsize bytes;
  GList link; /* in `order` */
} Entry;

typedef struct {
  char *key, *path;
  int cell, cell_size, max_side;
} Wish;

struct _VitrineRunPictures {
  GHashTable *entries; /* key -> Entry */
  GQueue order;        /* newest use first */
  gsize bytes, max_bytes;
  Wish *urgent, *other; /* the newest wishes that nobody works at */
  char *working;        /* key; NULL: the worker is idle */
  GCancellable *life;
  GFunc loaded;
  gpointer user_data;
};

static void
wish_free(gpointer data)
{
  Wish *w = data;

  if (!w)
    return;
  g_free(w->key);
  g_free(w->path);
  g_free(w);
}

static void
entry_free(gpointer data)
{
  Entry *e = data;

  g_free(e->key);
  g_free(e->picture.error);
  g_clear_object(&e->picture.texture);
  g_free(e);
}

/* ---- the worker ------------------------------------------------------------------------------ */

/* RGB [h, w] part at (x, y) of rows of `stride` pixels, as the means of k × k. */
static GdkTexture *
shrink(const guint8 *rgb, int stride, int x0, int y0, int w, int h, int k)
{
  int nw = MAX(w / k, 1), nh = MAX(h / k, 1);
  guint8 *out = g_malloc((gsize)nw * (gsize)nh * 3);

  for (int y = 0; y < nh; y++)
    for (int x = 0; x < nw; x++) {
      guint sum[3] = {0};
      for (int j = 0; j < k; j++) {
        const guint8 *p = rgb + ((gsize)(y0 + y * k + j) * (gsize)stride + (gsize)(x0 + x * k)) * 3;
        for (int i = 0; i < 3 * k; i++)
          sum[i % 3] += p[i];
      }
      for (int c = 0; c < 3; c++)
        out[((gsize)y * (gsize)nw + (gsize)x) * 3 + (gsize)c] = (guint8)(sum[c] / (guint)(k * k));
    }
  g_autoptr(GBytes) bytes = g_bytes_new_take(out, (gsize)nw * (gsize)nh * 3);
  return gdk_memory_texture_new(nw, nh, GDK_MEMORY_R8G8B8, bytes, (gsize)nw * 3);
}

static void
decode(const Wish *wish, VitrineRunPicture *p)
{
  g_autofree guint8 *rgb = NULL;
  g_autoptr(GError) error = NULL;
  int x = 0, y = 0, k = 1;

  if (!sg_picture_read(wish->path, &rgb, &p->width, &p->height, &error)) {
    p->error = g_strdup(error->message);
    return;
  }
  int w = p->width, h = p->height;
  if (wish->cell >= 0 && wish->cell_size > 0 && w >= wish->cell_size) {
    int columns = w / wish->cell_size;
    x = wish->cell % columns * wish->cell_size;
    y = wish->cell / columns * wish->cell_size;
    w = h = wish->cell_size;
    if (y + h > p->height)
      y = 0;
    h = MIN(h, p->height);
  }
  while (wish->max_side > 0 && MAX(w, h) / (k + 1) >= wish->max_side)
    k++;
  p->texture = shrink(rgb, p->width, x, y, w, h, k);
}

static void
work_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Wish *wish = data;
  Entry *e = g_new0(Entry, 1);

  e->key = g_strdup(wish->key);
  decode(wish, &e->picture);
  if (e->picture.texture)
    e->bytes = (gsize)gdk_texture_get_width(e->picture.texture) *
               (gsize)gdk_texture_get_height(e->picture.texture) * 3;
  g_task_return_pointer(task, e, entry_free);
}

static void next(VitrineRunPictures *self);

static void
keep(VitrineRunPictures *self, Entry *e)
{
  e->link.data = e;
  g_hash_table_replace(self->entries, e->key, e);
  g_queue_push_head_link(&self->order, &e->link);
  self->bytes += e->bytes;
  while (self->bytes > self->max_bytes && self->order.length > 1) {
    Entry *last = self->order.tail->data;
    g_queue_unlink(&self->order, &last->link);
    self->bytes -= last->bytes;
    g_hash_table_remove(self->entries, last->key);
  }
}

static void
worked_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
  Entry *e = g_task_propagate_pointer(G_TASK(result), NULL);

  if (!e)
    return; /* cancelled: whoever asked is gone */
  VitrineRunPictures *self = user_data;
  gboolean forgotten = !self->working || !*self->working;
  g_clear_pointer(&self->working, g_free);
  if (forgotten || g_hash_table_contains(self->entries, e->key))
    entry_free(e);
  else
    keep(self, e);
  next(self);
  self->loaded(self, self->user_data);
}

static void
next(VitrineRunPictures *self)
{
  Wish **slot = self->urgent ? &self->urgent : &self->other;
  Wish *wish = g_steal_pointer(slot);

  if (!wish)
    return;
  g_autoptr(GTask) task = g_task_new(NULL, self->life, worked_cb, self);
  self->working = g_strdup(wish->key);
  g_task_set_task_data(task, wish, wish_free);
  g_task_run_in_thread(task, work_thread);
}

/* ---- the main thread's side ------------------------------------------------------------------ */

static char *
key_text(const VitrineRunPictureKey *key)
{
  return g_strdup_printf("%d %d %d %s", key->cell, key->cell < 0 ? 0 : key->cell_size,
                         key->max_side, key->path);
}

static void
wish_for(VitrineRunPictures *self, const VitrineRunPictureKey *key, const char *text,
         gboolean urgent)
{
  Wish **slot = urgent ? &self->urgent : &self->other;
  Wish *wish = g_new(Wish, 1);

  *wish = (Wish){g_strdup(text), g_strdup(key->path), key->cell, key->cell_size, key->max_side};
  wish_free(*slot);
  *slot = wish;
  if (!self->working)
    next(self);
}

const VitrineRunPicture *
vitrine_run_pictures_get(VitrineRunPictures *self, const VitrineRunPictureKey *key, gboolean urgent)
{
  g_autofree char *text = key_text(key);
  Entry *e = g_hash_table_lookup(self->entries, text);

  if (e) {
    g_queue_unlink(&self->order, &e->link);
    g_queue_push_head_link(&self->order, &e->link);
    return &e->picture;
  }
  if (g_strcmp0(self->working, text) != 0)
    wish_for(self, key, text, urgent);
  else if (urgent)
    g_clear_pointer(&self->urgent, wish_free); /* what is newest is on its way already */
  return NULL;
}

void
vitrine_run_pictures_forget(VitrineRunPictures *self)
{
  g_queue_init(&self->order);
  g_hash_table_remove_all(self->entries);
  self->bytes = 0;
  if (self->working)
    *self->working = '\0'; /* of a file that may have changed since */
}

VitrineRunPictures *
vitrine_run_pictures_new(gsize max_bytes, GFunc loaded, gpointer user_data)
{
  VitrineRunPictures *self = g_new0(VitrineRunPictures, 1);

  self->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
  self->max_bytes = max_bytes;
  self->life = g_cancellable_new();
  self->loaded = loaded;
  self->user_data = user_data;
  return self;
}

void
vitrine_run_pictures_free(VitrineRunPictures *self)
{
  if (!self)
    return;
  g_cancellable_cancel(self->life);
  g_object_unref(self->life);
  wish_free(self->urgent);
  wish_free(self->other);
  g_free(self->working);
  g_hash_table_unref(self->entries);
  g_free(self);
}
