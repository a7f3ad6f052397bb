/* The loader: threads that decode batches ahead of who trains.
 *
 * Batch k is the positions k * batch … of the order (of a part: every parts-th of them), whichever
 * thread decodes it, so the number of threads changes nothing. A picture that fails gives its
 * position to the next of the order that decodes, and that one keeps its own position, too: what
 * stands where never depends on what was handed out before. */
#include "engine/base/room.h"
#include "engine/formats/format-error.h"
#include "engine/data/dataset-private.h"
#include "engine/base/philox.h"

/* Keeps the order's numbers apart from whatever else is drawn from the same seed. */
#define ORDER_STREAM (G_GUINT64_CONSTANT(0x64617461) << 32)
#define MAX_THREADS  8

/* Together some seconds. */
#define SHORTAGE_TRIES 60
#define SHORTAGE_WAIT  (G_USEC_PER_SEC / 20)

typedef struct {
  guint64 epoch;
  gboolean shuffled; /* it was drawn */
  guint32 *order;    /* [size] */
} Permutation;

typedef struct {
  enum { SLOT_EMPTY, SLOT_FULL } state;
  guint8 *pixels; /* [batch, C, R, R] */
  guint32 *index; /* [batch] which image each is */
  GError *error;
} Slot;

typedef struct {
  guint32 index;
  char *reason;
} Failure;

struct _SgLoader {
  SgDatasetFull *full;
  guint64 seed, start, handed_out; /* positions */
  guint64 next_batch;              /* to be decoded */
  guint64 next_taken;              /* to be handed out */
  guint mirror;                    /* SgMirror */
  guint32 size;                /* of an epoch: twice the set with mirror, four times with both */
  int batch, ahead, n_threads; /* batch: pictures of this loader's part */
  int part, parts;
  gsize image_bytes;
  gboolean quit;
  Permutation permutations[2];
  guint8 *bad;       /* [n]: has failed, is not tried again */
  GPtrArray *failed; /* of Failure: those of `bad` that have not been reported */
  Slot *slots;       /* [ahead], batch k in slot k % ahead */
  GMutex lock;       /* of everything that changes */
  GCond emptied, filled;
  GThread *threads[MAX_THREADS];
};

static void
free_failure(gpointer failure)
{
  g_free(((Failure *)failure)->reason);
  g_free(failure);
}

/* ---- the order ------------------------------------------------------------------------------- */

static void
shuffle(guint32 *order, guint32 n, guint64 seed, guint64 epoch)
{
  SgPhilox p = {.seed = seed, .stream = ORDER_STREAM + epoch};

  for (guint32 i = 0; i < n; i++)
    order[i] = i;
  for (guint32 i = n - 1; i > 0; i--) {
    guint32 k = sg_philox_below(&p, i + 1), t = order[i];
    order[i] = order[k];
    order[k] = t;
  }
}

/* Two epochs are kept, since a batch may lie across their border. Call locked. */
static guint32
order_at(SgLoader *l, guint64 position)
{
  guint64 epoch = position / l->size;
  Permutation *p = &l->permutations[epoch % 2];

  if (!p->shuffled || p->epoch != epoch) {
    shuffle(p->order, l->size, l->seed, epoch);
    p->epoch = epoch;
    p->shuffled = TRUE;
  }
  return p->order[position % l->size];
}

/* ---- decoding -------------------------------------------------------------------------------- */

static void
flip(guint8 *pixels, int channels, int r)
{
  for (int row = 0; row < channels * r; row++, pixels += r)
    for (int a = 0, b = r - 1; a < b; a++, b--) {
      guint8 t = pixels[a];
      pixels[a] = pixels[b];
      pixels[b] = t;
    }
}

static void
flip_y(guint8 *pixels, int channels, int r)
{
  for (int c = 0; c < channels; c++, pixels += r * r)
    for (int a = 0, b = r - 1; a < b; a++, b--)
      for (int x = 0; x < r; x++) {
        guint8 t = pixels[a * r + x];
        pixels[a * r + x] = pixels[b * r + x];
        pixels[b * r + x] = t;
      }
}

/* Call locked. */
static void
remember_failure(SgLoader *l, guint32 index, const char *message)
{
  Failure *f = g_new(Failure, 1);

  f->index = index;
  f->reason = g_strdup(message);
  g_ptr_array_add(l->failed, f);
  l->bad[index] = TRUE;
}

/* Memory or descriptors that are short may be there a moment later. */
static gboolean
read_patiently(SgLoader *l, guint32 index, guint8 *pixels, GError **error)
{
  for (int tries = 0;; tries++) {
    GError *why = NULL;
    if (sg_dataset_read(&l->full->set, index, pixels, &why))
      return TRUE;
    g_mutex_lock(&l->lock);
    gboolean again = sg_is_shortage(why) && tries < SHORTAGE_TRIES && !l->quit;
    g_mutex_unlock(&l->lock);
    if (!again) {
      g_propagate_error(error, why);
      return FALSE;
    }
    g_error_free(why);
    g_usleep(SHORTAGE_WAIT);
  }
}

/* The image for one position. Looks through a whole epoch at most. */
static gboolean
decode_one(SgLoader *l, Slot *slot, guint64 position, int place)
{
  SgDataset *ds = &l->full->set;
  guint8 *pixels = slot->pixels + (gsize)place * l->image_bytes;

  for (guint64 tries = 0; tries <= l->size; tries++) {
    g_autoptr(GError) why = NULL;
    g_mutex_lock(&l->lock);
    guint32 drawn = order_at(l, position + tries), index = drawn % ds->n;
    gboolean skip = l->bad[index], quit = l->quit;
    g_mutex_unlock(&l->lock);
    if (quit)
      return TRUE;
    if (skip)
      continue;
    if (read_patiently(l, index, pixels, &why)) {
      guint way =
          drawn / ds->n; /* the set once as it is, then flipped in one way after the other */
      if (l->mirror == SG_MIRROR_Y)
        way *= SG_MIRROR_Y;
      if (way & SG_MIRROR_X)
        flip(pixels, ds->channels, ds->resolution);
      if (way & SG_MIRROR_Y)
        flip_y(pixels, ds->channels, ds->resolution);
      slot->index[place] = index;
      return TRUE;
    }
    if (sg_is_shortage(why)) { /* nothing is wrong with the picture */
      slot->error = g_steal_pointer(&why);
      return FALSE;
    }
    g_mutex_lock(&l->lock);
    if (!l->bad[index])
      remember_failure(l, index, why->message);
    g_mutex_unlock(&l->lock);
  }
  return sg_broken(&slot->error, "%s: none of its %u images can be read", ds->path, ds->n);
}

static void
decode_batch(SgLoader *l, Slot *slot, guint64 k)
{
  for (int i = 0; i < l->batch; i++)
    if (!decode_one(l, slot,
                    l->start + (k * (guint64)l->batch + (guint64)i) * (guint64)l->parts +
                        (guint64)l->part,
                    i))
      return;
}

static gpointer
work(gpointer loader)
{
  SgLoader *l = loader;

  g_mutex_lock(&l->lock);
  for (;;) {
    while (!l->quit && l->next_batch >= l->next_taken + (guint64)l->ahead)
      g_cond_wait(&l->emptied, &l->lock);
    if (l->quit)
      break;
    guint64 k = l->next_batch++;
    Slot *slot = &l->slots[k % (guint64)l->ahead];
    g_mutex_unlock(&l->lock);
    decode_batch(l, slot, k);
    g_mutex_lock(&l->lock);
    slot->state = SLOT_FULL;
    g_cond_broadcast(&l->filled);
  }
  g_mutex_unlock(&l->lock);
  return NULL;
}

/* ---- handing out ----------------------------------------------------------------------------- */

SgLoader *
sg_loader_new(SgDataset *ds, guint mirror, guint64 seed, guint64 position, int batch, int ahead,
              int threads)
{
  return sg_loader_new_part(ds, mirror, seed, position, batch, 0, 1, ahead, threads);
}

/* Else there is no memory for it. */
static gboolean
is_whole(const SgLoader *l)
{
  gboolean whole = l->bad && l->permutations[0].order && l->permutations[1].order;

  for (int i = 0; i < l->ahead; i++)
    whole = whole && l->slots[i].pixels && l->slots[i].index;
  return whole;
}

SgLoader *
sg_loader_new_part(SgDataset *ds, guint mirror, guint64 seed, guint64 position, int batch, int part,
                   int parts, int ahead, int threads)
{
  SgLoader *l = g_new0(SgLoader, 1);

  l->full = (SgDatasetFull *)ds;
  l->seed = seed;
  l->start = l->handed_out = position;
  l->mirror = mirror;
  l->size = ds->n * (mirror & SG_MIRROR_X ? 2 : 1) * (mirror & SG_MIRROR_Y ? 2 : 1);
  l->batch = MAX(batch / parts, 1);
  l->part = part;
  l->parts = parts;
  l->ahead = MAX(ahead, 1);
  l->image_bytes = (gsize)ds->channels * (gsize)ds->resolution * (gsize)ds->resolution;
  l->bad = sg_room0(ds->n, 1);
  l->failed = g_ptr_array_new_with_free_func(free_failure);
  l->slots = g_new0(Slot, l->ahead);
  for (int i = 0; i < l->ahead; i++) {
    l->slots[i].pixels = sg_room((gsize)l->batch, l->image_bytes);
    l->slots[i].index = sg_room0((gsize)l->batch, sizeof(guint32));
  }
  for (int i = 0; i < 2; i++)
    l->permutations[i].order = sg_room(l->size, sizeof(guint32));
  g_mutex_init(&l->lock);
  g_cond_init(&l->emptied);
  g_cond_init(&l->filled);
  /* Whoever trains on the processor wants its cores: half of them suffice for decoding. */
  if (threads <= 0)
    threads = (int)g_get_num_processors() / 2;
  l->n_threads = CLAMP(threads, 1, MIN(l->ahead, MAX_THREADS));
  if (!is_whole(l))
    l->n_threads = 0;
  for (int i = 0; i < l->n_threads; i++)
    l->threads[i] = g_thread_new("loader", work, l);
  return l;
}

/* On the caller's thread, so that nobody else touches set.refused. Those of batches to come, too:
 * who is told that no image can be read is told of each. Call locked. */
static void
report_failures(SgLoader *l)
{
  for (guint i = 0; i < l->failed->len; i++) {
    const Failure *f = l->failed->pdata[i];
    sg_dataset_refuse_image(l->full, f->index, f->reason);
  }
  g_ptr_array_set_size(l->failed, 0);
}

static void
copy_out(SgLoader *l, const Slot *slot, float *images, float *labels)
{
  SgDataset *ds = &l->full->set;

  for (gsize i = 0; i < l->image_bytes * (gsize)l->batch; i++)
    images[i] = slot->pixels[i] / 127.5f - 1;
  for (int i = 0; labels && i < l->batch; i++)
    sg_dataset_label(ds, slot->index[i], labels + (gsize)i * (gsize)ds->label_dim);
}

gboolean
sg_loader_next(SgLoader *l, float *images, float *labels, GError **error)
{
  Slot *slot = &l->slots[l->next_taken % (guint64)l->ahead];

  if (l->n_threads == 0)
    return sg_no_memory(error, "for pictures that are read ahead");
  g_mutex_lock(&l->lock);
  while (slot->state != SLOT_FULL)
    g_cond_wait(&l->filled, &l->lock);
  report_failures(l);
  g_mutex_unlock(&l->lock);
  if (slot->error) { /* stays: a next call would find the same */
    if (error)
      *error = g_error_copy(slot->error);
    return FALSE;
  }
  copy_out(l, slot, images, labels);
  l->handed_out += (guint64)l->batch * (guint64)l->parts;
  g_mutex_lock(&l->lock);
  slot->state = SLOT_EMPTY;
  l->next_taken++;
  g_cond_broadcast(&l->emptied);
  g_mutex_unlock(&l->lock);
  return TRUE;
}

guint64
sg_loader_position(const SgLoader *l)
{
  return l->handed_out;
}

void
sg_loader_free(SgLoader *l)
{
  if (!l)
    return;
  g_mutex_lock(&l->lock);
  l->quit = TRUE;
  g_cond_broadcast(&l->emptied);
  g_mutex_unlock(&l->lock);
  for (int i = 0; i < l->n_threads; i++)
    g_thread_join(l->threads[i]);
  for (int i = 0; i < l->ahead; i++) {
    g_free(l->slots[i].pixels);
    g_free(l->slots[i].index);
    g_clear_error(&l->slots[i].error);
  }
  for (int i = 0; i < 2; i++)
    g_free(l->permutations[i].order);
  g_mutex_clear(&l->lock);
  g_cond_clear(&l->emptied);
  g_cond_clear(&l->filled);
  g_free(l->bad);
  g_ptr_array_unref(l->failed);
  g_free(l->slots);
  g_free(l);
}
