#include "engine/explore/weights/model-compare.h"
#include "engine/formats/format-error.h"
#include "engine/models/family.h"
#include <math.h>
#include <string.h>

/* ---- changes --------------------------------------------------------------------------------- */

static gboolean
same_shape(const SgTensor *a, const SgTensor *b)
{
  return a && b && a->ndim == b->ndim &&
         memcmp(a->shape, b->shape, sizeof a->shape[0] * (gsize)a->ndim) == 0;
}

static void
measure(SgTensorChange *c, const SgTensor *a, const SgTensor *b)
{
  double squares = 0, moved = 0, product = 0, other = 0;

  c->numel = a->numel;
  c->change = c->cosine = NAN;
  if (!same_shape(a, b))
    return;
  for (gsize i = 0; i < a->numel; i++) {
    double x = (double)a->data[i], y = (double)b->data[i];
    squares += x * x;
    moved += (y - x) * (y - x);
    product += x * y;
    other += y * y;
  }
  c->change = moved == 0 ? 0 : squares > 0 ? sqrt(moved / squares) : INFINITY;
  if (squares > 0 && other > 0)
    c->cosine = product / sqrt(squares) / sqrt(other);
}

static void
add_network(GArray *changes, const SgNetwork *n, char network, const SgModel *a, const char *ours,
            const SgModel *b, const char *theirs)
{
  for (guint i = 0; i < n->params->len; i++) {
    const SgParam *p = sg_network_param(n, (int)i);
    const SgTensor *t = sg_model_tensor(a, ours, p->name);
    SgTensorChange c = {.network = network, .layer = sg_network_layer(n, p->layer), .param = p};
    if (!t)
      continue;
    measure(&c, t, sg_model_tensor(b, theirs, p->name));
    g_array_append_val(changes, c);
  }
}

GArray *
sg_model_changes(const SgModel *a, const SgModel *b)
{
  GArray *changes = g_array_new(FALSE, TRUE, sizeof(SgTensorChange));

  add_network(changes, sg_model_generator(a), 'G', a, sg_model_generator_prefix(a), b,
              sg_model_generator_prefix(b));
  if (a->info.has_d)
    add_network(changes, sg_model_discriminator(a), 'D', a, "D.", b, "D.");
  return changes;
}

double
sg_model_changes_mean(const GArray *changes, char network)
{
  double sum = 0, count = 0;

  for (guint i = 0; i < changes->len; i++) {
    const SgTensorChange *c = &g_array_index(changes, SgTensorChange, i);
    if (c->network == network && isfinite(c->change)) {
      sum += c->change * (double)c->numel;
      count += (double)c->numel;
    }
  }
  return count > 0 ? sum / count : NAN;
}

/* ---- between --------------------------------------------------------------------------------- */

/* What two files say of a computation beyond their tensors. */
static gboolean
compute_alike(const SgModel *a, const SgModel *b, GError **error)
{
  static const char *const keys[] = {
      "layers",           "input",      "output_scale",     "lod", "fused_scale",
      "bias_before_blur", "output_lod", "instance_norm_eps"};
  const SgModelInfo *x = &a->info, *y = &b->info;

  if (x->family != y->family)
    return sg_unsupported(error, "one model is a %s, the other a %s", x->family->title,
                          y->family->title);
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
    if (g_strcmp0(g_hash_table_lookup(a->metadata, keys[i]),
                  g_hash_table_lookup(b->metadata, keys[i])) != 0)
      return sg_unsupported(error, "the models do not have the same %s", keys[i]);
  return (x->g_arch == y->g_arch && x->g_conv_clamp == y->g_conv_clamp &&
          x->mapping_lr_mul == y->mapping_lr_mul) ||
         sg_unsupported(error, "the generators compute otherwise: architecture, clamp or the "
                               "mapping network's learning rate");
}

static SgTensor *
mixed(const SgTensor *a, const SgTensor *b, double t, GError **error)
{
  SgTensor *out = sg_tensor_try_new(a->ndim, a->shape, error);

  for (gsize i = 0; out && i < a->numel; i++)
    out->data[i] = (float)((1 - t) * (double)a->data[i] + t * (double)b->data[i]);
  return out;
}

/* Are all tensors there in the same shapes? `which`: the name of one that is not. */
static gboolean
shapes_agree(const SgModel *a, const char *ours, const SgModel *b, const char *theirs,
             const char **which)
{
  gsize skip = strlen(ours), count = 0, other = 0;

  for (guint i = 0; i < a->names->len; i++) {
    const char *name = a->names->pdata[i];
    if (!g_str_has_prefix(name, ours))
      continue;
    count++;
    if (!same_shape(sg_model_tensor(a, ours, name + skip),
                    sg_model_tensor(b, theirs, name + skip))) {
      *which = name + skip;
      return FALSE;
    }
  }
  for (guint i = 0; i < b->names->len; i++)
    other += g_str_has_prefix(b->names->pdata[i], theirs);
  *which = "…";
  return count == other;
}

static gboolean
take_network(SgModel *to, const char *prefix, const SgModel *a, const char *ours, const SgModel *b,
             const char *theirs, double t, GError **error)
{
  gsize skip = strlen(ours);

  for (guint i = 0; i < a->names->len; i++) {
    const char *name = a->names->pdata[i];
    if (!g_str_has_prefix(name, ours))
      continue;
    SgTensor *m = mixed(sg_model_tensor(a, ours, name + skip),
                        sg_model_tensor(b, theirs, name + skip), t, error);
    if (!m)
      return FALSE;
    sg_model_take(to, prefix, name + skip, m);
  }
  return TRUE;
}

static void
copy_metadata(SgModel *to, const SgModel *a, const SgModel *b, double t)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init(&iter, a->metadata);
  while (g_hash_table_iter_next(&iter, &key, &value))
    if (!g_str_has_prefix(key, "train."))
      g_hash_table_replace(to->metadata, g_strdup(key), g_strdup(value));
  g_hash_table_replace(to->metadata, g_strdup("blend"),
                       g_strdup_printf("%g of %s, %g of %s", 1 - t, a->hash, t, b->hash));
}

SgModel *
sg_model_between(const SgModel *a, const SgModel *b, double t, GError **error)
{
  const char *ours = sg_model_generator_prefix(a), *theirs = sg_model_generator_prefix(b), *which;
  gboolean d = a->info.has_d && b->info.has_d && shapes_agree(a, "D.", b, "D.", &which);
  SgModelInfo info = a->info;

  if (!compute_alike(a, b, error))
    return NULL;
  if (!shapes_agree(a, ours, b, theirs, &which)) {
    sg_unsupported(error, "the generators have other shapes (%s)", which);
    return NULL;
  }
  info.has_d = d;
  g_autoptr(SgModel) m = sg_model_new(a->path, &info);
  if (!take_network(m, "G_ema.", a, ours, b, theirs, t, error) ||
      (d && !take_network(m, "D.", a, "D.", b, "D.", t, error)))
    return NULL;
  copy_metadata(m, a, b, t);
  return g_steal_pointer(&m);
}
