/* The weights of a model in the networks of a training. */
#include "engine/learn/adopt.h"
#include "engine/formats/format-error.h"
#include <string.h>

static void
part_free(gpointer data)
{
  SgAdoptedPart *p = data;
  g_free(p->name);
  g_free(p);
}

void
sg_adopted_free(SgAdopted *a)
{
  if (!a)
    return;
  g_ptr_array_unref(a->parts);
  g_free(a);
}

/* ---- one network ----------------------------------------------------------------------------- */

typedef struct {
  SgWeights *to;
  const SgModel *m;
  const char *prefix; /* NULL: the model has no such network */
  GPtrArray *parts;   /* the first is the whole network */
  const char *odd;    /* a tensor without its like, borrowed; or NULL */
} Network;

/* The block that a tensor belongs to, here or in the model: "synthesis.b64", "b64", "mapping". */
static const char *
part_name(const Network *n, const char *tensor)
{
  const SgNetwork *net = n->to->network;
  const SgParam *p = sg_network_find(net, tensor);

  if (!p) {
    net = g_str_equal(n->prefix, "D.") ? sg_model_discriminator(n->m) : sg_model_generator(n->m);
    p = sg_network_find(net, tensor);
  }
  return p && sg_network_layer(net, p->layer)->block[0] ? sg_network_layer(net, p->layer)->block
                                                        : tensor;
}

static SgAdoptedPart *
add_part(GPtrArray *parts, const char *name)
{
  SgAdoptedPart *p = g_new0(SgAdoptedPart, 1);
  p->name = g_strdup(name);
  g_ptr_array_add(parts, p);
  return p;
}

static SgAdoptedPart *
part_of(Network *n, const char *tensor)
{
  const char *name = part_name(n, tensor);

  for (guint i = 1; i < n->parts->len; i++)
    if (g_str_equal(((SgAdoptedPart *)n->parts->pdata[i])->name, name))
      return n->parts->pdata[i];
  return add_part(n->parts, name);
}

static const SgTensor *
like(const Network *n, const SgWeight *v)
{
  const SgTensor *t = n->prefix ? sg_model_tensor(n->m, n->prefix, v->name) : NULL;
  gboolean same = t && t->ndim == v->ndim;

  for (int k = 0; same && k < v->ndim; k++)
    same = t->shape[k] == v->shape[k];
  return same ? t : NULL;
}

/* Random noise that a file lacks is as good as any. */
static void
count_wanted(Network *n)
{
  SgAdoptedPart *all = n->parts->pdata[0];

  for (guint i = 0; i < n->to->list->len; i++) {
    const SgWeight *v = &g_array_index(n->to->list, SgWeight, i);
    SgAdoptedPart *part = part_of(n, v->name);
    gboolean found = like(n, v) != NULL;
    all->copied += found, part->copied += found;
    all->anew += !found, part->anew += !found;
    if (!found && !(v->buffer && !sg_model_tensor(n->m, n->prefix ? n->prefix : "", v->name)))
      n->odd = v->name;
  }
}

static void
count_left(Network *n)
{
  SgAdoptedPart *all = n->parts->pdata[0];

  for (guint i = 0; n->prefix && i < n->m->names->len; i++) {
    const char *name = n->m->names->pdata[i];
    if (!g_str_has_prefix(name, n->prefix))
      continue;
    name += strlen(n->prefix);
    const SgParam *wanted = sg_network_find(n->to->network, name);
    if (wanted && like(n, sg_weights_param(n->to, wanted)))
      continue;
    SgAdoptedPart *part = part_of(n, name);
    all->left++, part->left++;
    n->odd = name;
  }
}

static void
copy(const Network *n)
{
  for (guint i = 0; i < n->to->list->len; i++) {
    SgWeight *v = &g_array_index(n->to->list, SgWeight, i);
    const SgTensor *t = like(n, v);
    if (t)
      sg_weights_upload(n->to, v, t->data);
  }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static gboolean
differs(const SgModelInfo *a, const SgModelInfo *b)
{
  return a->img_resolution != b->img_resolution || a->img_channels != b->img_channels ||
         a->c_dim != b->c_dim;
}

/* Takes the parts that are worth telling. */
static void
keep_parts(SgAdopted *a, Network *n)
{
  for (gboolean first = TRUE; n->parts->len > 0; first = FALSE) {
    SgAdoptedPart *p = g_ptr_array_steal_index(n->parts, 0);
    if (first || (n->prefix && p->anew + p->left > 0))
      g_ptr_array_add(a->parts, p);
    else
      part_free(p);
  }
  g_ptr_array_unref(n->parts);
}

SgAdopted *
sg_learn_adopt(SgLearn *l, const SgModel *m, GError **error)
{
  const char *g = sg_model_has(m, "G.") ? "G." : "G_ema.",
             *ema = sg_model_has(m, "G_ema.") ? "G_ema." : "G.";
  Network nets[] = {
      {l->g, m, g, g_ptr_array_new_with_free_func(part_free), NULL},
      {l->d, m, m->info.has_d ? "D." : NULL, g_ptr_array_new_with_free_func(part_free), NULL},
      {l->ema, m, ema, NULL, NULL}};
  static const char *const names[] = {"generator", "discriminator"};
  g_autoptr(SgAdopted) a = g_new0(SgAdopted, 1);
  const char *odd = NULL;

  a->parts = g_ptr_array_new_with_free_func(part_free);
  for (int i = 0; i < 2; i++) {
    add_part(nets[i].parts, names[i]);
    count_wanted(&nets[i]);
    count_left(&nets[i]);
    odd = odd || !nets[i].prefix ? odd : nets[i].odd;
    keep_parts(a, &nets[i]);
  }
  if (odd && !differs(&l->shape.info, &m->info)) {
    sg_unsupported(error,
                   "%s: its tensor %s has no like in the network that these options describe, or "
                   "the other way round",
                   m->path, odd);
    return NULL;
  }
  for (int i = 0; i < 3; i++)
    copy(&nets[i]);
  return g_steal_pointer(&a);
}

char *
sg_adopted_text(const SgAdopted *a)
{
  GString *s = g_string_new("Weights:       tensors               copied    new   left\n");

  for (guint i = 0; i < a->parts->len; i++) {
    const SgAdoptedPart *p = a->parts->pdata[i];
    gboolean whole = g_str_equal(p->name, "generator") || g_str_equal(p->name, "discriminator");
    g_string_append_printf(s, "               %s%-*s %6u %6u %6u\n", whole ? "" : "  ",
                           whole ? 21 : 19, p->name, p->copied, p->anew, p->left);
  }
  return g_string_free(s, FALSE);
}
