/* Which channels nothing reads, and the model without them. */
#include "engine/explore/weights/prune-save.h"
#include "engine/models/family.h"
#include <math.h>
#include <string.h>

/* One axis of one tensor that counts the channels of a place in the network. */
typedef struct {
  char *name;
  int axis;
  gboolean reads;   /* its weights take the channels as an input: all zero, and none is needed */
  gboolean rescale; /* runs with 1 / sqrt (fan in), which the number of channels changes */
} Axis;

typedef struct {
  SgModel *model;
  const char *prefix;
  GPtrArray *places; /* of GArray of Axis, in the order of the network */
} Network;

static void
axis_clear(gpointer data)
{
  g_free(((Axis *)data)->name);
}

static GArray *
new_place(Network *net)
{
  GArray *place = g_array_new(FALSE, FALSE, sizeof(Axis));
  g_array_set_clear_func(place, axis_clear);
  g_ptr_array_add(net->places, place);
  return place;
}

static void
add_axis(const Network *net, GArray *place, const char *layer, const char *what, int axis,
         gboolean reads, gboolean rescale)
{
  Axis a = {g_strconcat(layer, what, NULL), axis, reads, rescale};

  if (sg_model_tensor(net->model, net->prefix, a.name))
    g_array_append_val(place, a);
  else
    g_free(a.name);
}

static gboolean
mystylegan(const Network *net)
{
  return net->model->info.family == &sg_family_mystylegan;
}

/* A modulated layer takes the channels: its weight, and the style that scales each. */
static void
add_reader(const Network *net, GArray *place, const char *layer, int axis, gboolean rescale)
{
  gboolean my = mystylegan(net);

  add_axis(net, place, layer, my ? ".weight_orig" : ".weight", axis, TRUE, rescale);
  add_axis(net, place, layer, my ? ".style.weight_orig" : ".affine.weight", 0, FALSE, FALSE);
  add_axis(net, place, layer, my ? ".style.bias" : ".affine.bias", 0, FALSE, FALSE);
}

static void
add_writer(const Network *net, GArray *place, const char *layer, int axis)
{
  add_axis(net, place, layer, mystylegan(net) ? ".weight_orig" : ".weight", axis, FALSE, FALSE);
  add_axis(net, place, layer, ".bias", 0, FALSE, FALSE);
}

static void
find_stylegan2(Network *net)
{
  GArray *place = new_place(net);

  add_axis(net, place, "synthesis.b4.const", "", 0, FALSE, FALSE);
  for (int r = 4; r <= net->model->info.img_resolution; r *= 2) {
    g_autofree char *conv0 = g_strdup_printf("synthesis.b%d.conv0", r);
    g_autofree char *conv1 = g_strdup_printf("synthesis.b%d.conv1", r);
    g_autofree char *skip = g_strdup_printf("synthesis.b%d.skip", r);
    g_autofree char *rgb = g_strdup_printf("synthesis.b%d.torgb", r);
    if (r > 4) {
      add_reader(net, place, conv0, 1, FALSE);
      add_axis(net, place, skip, ".weight", 1, TRUE, TRUE);
      place = new_place(net);
      add_writer(net, place, conv0, 0);
    }
    add_reader(net, place, conv1, 1, FALSE);
    place = new_place(net);
    add_writer(net, place, conv1, 0);
    add_axis(net, place, skip, ".weight", 0, FALSE, FALSE);
    add_reader(net, place, rgb, 1, TRUE);
  }
}

static void
find_mystylegan(Network *net)
{
  GArray *place = new_place(net);

  add_axis(net, place, "const", "", 0, FALSE, FALSE);
  for (int b = 0; b < net->model->info.num_ws; b++) {
    g_autofree char *up = g_strdup_printf("%d.upconv", b);
    g_autofree char *conv = g_strdup_printf("%d.conv", b);
    g_autofree char *rgb = g_strdup_printf("%d.to_channels", b);
    /* Its demodulation adds an epsilon after 1 / sqrt (fan in). */
    add_reader(net, place, up, 0, TRUE);
    place = new_place(net);
    add_writer(net, place, up, 1);
    add_reader(net, place, conv, 1, TRUE);
    place = new_place(net);
    add_writer(net, place, conv, 0);
    add_reader(net, place, rgb, 1, TRUE);
  }
}

/* [outer, size, inner] around an axis. */
static void
split(const SgTensor *t, int axis, gsize *outer, gsize *size, gsize *inner)
{
  *outer = *inner = 1;
  for (int i = 0; i < axis; i++)
    *outer *= (gsize)t->shape[i];
  *size = (gsize)t->shape[axis];
  for (int i = axis + 1; i < t->ndim; i++)
    *inner *= (gsize)t->shape[i];
}

static void
mark_read(const SgTensor *t, int axis, gboolean *needed)
{
  gsize outer, size, inner;

  split(t, axis, &outer, &size, &inner);
  for (gsize i = 0; i < t->numel; i++)
    if (t->data[i] != 0)
      needed[i / inner % size] = TRUE;
}

static SgTensor *
without_channels(const SgTensor *t, const Axis *a, const gboolean *needed, gsize kept,
                 GError **error)
{
  gsize outer, size, inner, at = 0;
  gint64 shape[SG_MAX_DIMS];

  split(t, a->axis, &outer, &size, &inner);
  memcpy(shape, t->shape, sizeof shape);
  shape[a->axis] = (gint64)kept;
  SgTensor *out = sg_tensor_try_new(t->ndim, shape, error);
  float factor = a->rescale ? (float)sqrt((double)kept / (double)size) : 1;
  for (gsize i = 0; out && i < t->numel; i++)
    if (needed[i / inner % size])
      out->data[at++] = t->data[i] * factor;
  return out;
}

static SgTensor *
axis_tensor(const Network *net, const Axis *a)
{
  return sg_model_tensor(net->model, net->prefix, a->name);
}

/* Removes what nothing reads at one place; returns how many there were, or -1. */
static int
slim_place(Network *net, const GArray *place, int *removed, GError **error)
{
  const Axis *first = &g_array_index(place, Axis, 0);
  gsize size = (gsize)axis_tensor(net, first)->shape[first->axis], kept = 0;
  g_autofree gboolean *needed = g_new0(gboolean, size);

  for (guint i = 0; i < place->len; i++) {
    const Axis *a = &g_array_index(place, Axis, i);
    if (a->reads)
      mark_read(axis_tensor(net, a), a->axis, needed);
  }
  needed[0] = TRUE; /* a convolution must have one */
  for (gsize i = 0; i < size; i++)
    kept += needed[i];
  *removed += (int)(size - kept);
  for (guint i = 0; kept < size && i < place->len; i++) {
    const Axis *a = &g_array_index(place, Axis, i);
    SgTensor *t = without_channels(axis_tensor(net, a), a, needed, kept, error);
    if (!t)
      return -1;
    g_hash_table_replace(net->model->tensors, g_strconcat(net->prefix, a->name, NULL), t);
  }
  return (int)size;
}

/* A shallow copy, in which tensors may be replaced. */
static SgModel *
copy_model(const SgModel *model)
{
  SgModel *copy = sg_model_new(model->path, &model->info);

  for (guint i = 0; i < model->names->len; i++) {
    const char *name = model->names->pdata[i];
    sg_model_take(copy, "", name, sg_tensor_ref(g_hash_table_lookup(model->tensors, name)));
  }
  return copy;
}

SgModel *
sg_prune_slim(SgModel *pruned, int *channels, int *removed, GError **error)
{
  g_autoptr(SgModel) copy = copy_model(pruned);
  g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  Network net = {copy, sg_model_generator_prefix(copy), places};

  *channels = *removed = 0;
  if (mystylegan(&net))
    find_mystylegan(&net);
  else
    find_stylegan2(&net);
  /* From the picture backwards: a layer that loses outputs may need fewer inputs. */
  for (guint i = places->len; i-- > 0;) {
    int n = slim_place(&net, places->pdata[i], removed, error);
    if (n < 0)
      return NULL;
    *channels += n;
  }
  return g_steal_pointer(&copy);
}
