/* Which channels nothing reads, and the model without them. */
#include "engine/explore/weights/prune-save.h"
#include "engine/formats/format-error.h"
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

/* `p` NULL: there is none. */
static void
add_axis(const Network *net, GArray *place, const SgParam *p, int axis, gboolean reads,
         gboolean rescale)
{
  if (!p || !sg_model_tensor(net->model, net->prefix, p->name))
    return;
  Axis a = {g_strdup(p->name), axis, reads, rescale};
  g_array_append_val(place, a);
}

/* What an edge brings: a layer's weight takes the channels, and its style scales each. */
static void
add_reader(const Network *net, const SgNetwork *n, GArray *place, const SgLayer *l)
{
  const SgParam *w = sg_layer_param(n, l, SG_ROLE_WEIGHT);
  /* A demodulated weight runs as stored, or its epsilon counts the inputs. */
  gboolean rescale = l->kind != SG_KIND_MODULATED || l->equalised;

  add_axis(net, place, w, w->in_axis, TRUE, rescale);
  add_axis(net, place, sg_layer_param(n, l, SG_ROLE_AFFINE_WEIGHT), 0, FALSE, FALSE);
  add_axis(net, place, sg_layer_param(n, l, SG_ROLE_AFFINE_BIAS), 0, FALSE, FALSE);
}

static void
add_writer(const Network *net, const SgNetwork *n, GArray *place, const SgLayer *l)
{
  const SgParam *w = sg_layer_param(n, l, SG_ROLE_WEIGHT);

  add_axis(net, place, w, w->out_axis, FALSE, FALSE);
  add_axis(net, place, sg_layer_param(n, l, SG_ROLE_BIAS), 0, FALSE, FALSE);
}

/* A place is the result of the constant or of a modulated convolution, with what is added to it. */
static void
find_places(Network *net, const SgNetwork *n)
{
  for (guint k = 0; k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (l->kind != SG_KIND_CONSTANT && l->kind != SG_KIND_MODULATED)
      continue;
    GArray *place = new_place(net);
    add_writer(net, n, place, l);
    if (l->add >= 0)
      add_writer(net, n, place, sg_network_layer(n, l->add));
    for (guint j = k; j < n->run->len; j++) {
      const SgLayer *reader = sg_network_running(n, j);
      if (reader->input == sg_layer_index(n, l))
        add_reader(net, n, place, reader);
    }
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

/* Of networks whose styles scale what a layer reads: there a channel that nobody reads has no
 * say. */
static gboolean
check_kinds(const SgNetwork *n, GError **error)
{
  for (guint k = 0; k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (l->kind != SG_KIND_ADAIN && l->kind != SG_KIND_FOURIER && !l->prenormalised)
      continue;
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "the layer %s is normalised by all of its channels, so none can be taken out; save "
                "the model unslimmed",
                l->name);
    return FALSE;
  }
  return TRUE;
}

SgModel *
sg_prune_slim(SgModel *pruned, int *channels, int *removed, GError **error)
{
  g_autoptr(SgModel) copy = copy_model(pruned);
  g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  Network net = {copy, sg_model_generator_prefix(copy), places};

  *channels = *removed = 0;
  if (!check_kinds(sg_model_generator(pruned), error))
    return NULL;
  find_places(&net, sg_model_generator(pruned));
  /* From the picture backwards: a layer that loses outputs may need fewer inputs. */
  for (guint i = places->len; i-- > 0;) {
    int n = slim_place(&net, places->pdata[i], removed, error);
    if (n < 0)
      return NULL;
    *channels += n;
  }
  return g_steal_pointer(&copy);
}
