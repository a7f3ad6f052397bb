/* From a model's tensors to its networks, for every family: which one it is, what it is made of,
 * and whether all of that is there. Nothing may be missing and nothing may be left over: a network
 * with one more layer would draw wrong pictures without a word. */
#include "engine/models/family.h"
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include <string.h>

/* The last one takes what no other wants. */
const SgFamily *const sg_families[] = {&sg_family_mystylegan, &sg_family_stylegan,
                                       &sg_family_stylegan3, &sg_family_stylegan2, NULL};

int
sg_blueprint_size(const SgBlueprint *b, int axis, int wanted, const char *format, ...)
{
  char name[128];
  va_list args;

  if (!b->model)
    return wanted;
  va_start(args, format);
  g_vsnprintf(name, sizeof name, format, args);
  va_end(args);
  const SgTensor *t = sg_model_tensor(b->model, b->prefix, name);
  return t && axis < t->ndim && t->shape[axis] <= G_MAXINT32 ? (int)t->shape[axis] : -1;
}

SgNetwork *
sg_family_describe(const SgModel *model, const char *prefix)
{
  SgBlueprint b = {.info = model->info, .model = model, .prefix = prefix};
  const SgFamily *f = model->info.family;
  return prefix[0] == 'D' ? f->describe_discriminator(&b) : f->describe_generator(&b);
}

/* ---- the tensors ----------------------------------------------------------------------------- */

static char *
wanted_shape(const SgParam *p)
{
  GString *s = g_string_new("[");
  for (int i = 0; i < p->ndim; i++) {
    g_string_append(s, i ? ", " : "");
    if (p->shape[i] < 0 || p->free_axes >> i & 1)
      g_string_append_c(s, '?');
    else
      g_string_append_printf(s, "%" G_GINT64_FORMAT, p->shape[i]);
  }
  g_string_append_c(s, ']');
  return g_string_free(s, FALSE);
}

static gboolean
matches(const SgTensor *t, const SgParam *p)
{
  if (t->ndim != p->ndim || t->numel == 0)
    return FALSE;
  for (int i = 0; i < p->ndim; i++)
    if (t->shape[i] != p->shape[i])
      return FALSE;
  return TRUE;
}

static gboolean
check_param(SgModel *m, const char *prefix, const SgParam *p, GError **error)
{
  const SgTensor *t = sg_model_tensor(m, prefix, p->name);

  if (!t)
    return p->optional || sg_broken(error, "the tensor %s%s is missing", prefix, p->name);
  if (!matches(t, p)) {
    g_autofree char *wanted = wanted_shape(p);
    g_autofree char *found = sg_shape_to_string(t->ndim, t->shape);
    return sg_broken(error, "the tensor %s%s should have the shape %s, but has %s", prefix, p->name,
                     wanted, found);
  }
  g_ptr_array_add(m->names, g_strconcat(prefix, p->name, NULL));
  return TRUE;
}

/* A network built without noise (use_noise False) has neither tensor: a strength of 0 says it. */
static void
add_silent_noise(SgModel *m, const char *prefix, const SgNetwork *n, const SgLayer *l)
{
  const SgParam *strength = sg_layer_param(n, l, SG_ROLE_NOISE_STRENGTH);
  const SgParam *plane = sg_layer_param(n, l, SG_ROLE_NOISE_CONST);

  if (strength && plane && !sg_model_tensor(m, prefix, strength->name) &&
      !sg_model_tensor(m, prefix, plane->name))
    sg_model_add(m, prefix, strength->name, sg_tensor_new(strength->ndim, strength->shape));
}

static gboolean
check(SgModel *m, const char *prefix, const SgNetwork *n, SgModelInfo *info, GError **error)
{
  for (guint i = 0; i < n->layers->len; i++)
    add_silent_noise(m, prefix, n, sg_network_layer(n, (int)i));
  for (guint i = 0; i < n->params->len; i++)
    if (!check_param(m, prefix, sg_network_param(n, (int)i), error))
      return FALSE;
  return info->family->agree(n, prefix, info, error) && sg_network_verify(n, error);
}

/* The network of that prefix, checked, or NULL and error; fills `info` from it. */
static SgNetwork *
recognise(SgModel *m, const char *prefix, SgModelInfo *info, GError **error)
{
  if (!info->family->infer(m, prefix, info, error))
    return NULL;
  SgBlueprint b = {.info = *info, .model = m, .prefix = prefix};
  SgNetwork *n = prefix[0] == 'D' ? info->family->describe_discriminator(&b)
                                  : info->family->describe_generator(&b);
  if (!check(m, prefix, n, info, error))
    g_clear_pointer(&n, sg_network_unref);
  return n;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static gboolean
has_prefix(const SgModel *m, const char *prefix)
{
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, m->tensors);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    if (g_str_has_prefix(key, prefix))
      return TRUE;
  return FALSE;
}

/* G beside G_ema: the same network at another moment. */
static gboolean
check_second_generator(SgModel *m, GError **error)
{
  const SgModelInfo *info = &m->info;
  SgModelInfo second = *info;
  g_autoptr(SgNetwork) n = recognise(m, "G.", &second, error);

  if (!n)
    return FALSE;
  if (second.img_resolution != info->img_resolution || second.g_arch != info->g_arch ||
      second.img_channels != info->img_channels || second.z_dim != info->z_dim ||
      second.w_dim != info->w_dim || second.c_dim != info->c_dim || second.num_ws != info->num_ws ||
      second.mapping_layers != info->mapping_layers)
    return sg_broken(error, "G and G_ema are networks of different shape");
  return TRUE;
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Refuses tensors that no entry of m->names asks for. */
static gboolean
refuse_surplus(SgModel *m, GError **error)
{
  const GPtrArray *order = m->names;
  g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) surplus = g_ptr_array_new();
  GHashTableIter iter;
  gpointer key;

  for (guint i = 0; i < order->len; i++)
    g_hash_table_add(known, order->pdata[i]);
  g_hash_table_iter_init(&iter, m->tensors);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    if (!g_hash_table_contains(known, key))
      g_ptr_array_add(surplus, key);
  if (surplus->len == 0)
    return TRUE;
  g_ptr_array_sort(surplus, compare_names);
  return sg_unsupported(error,
                        "this is a modified network: it has %u tensors that Vitrine does not know, "
                        "first %s",
                        surplus->len, (char *)surplus->pdata[0]);
}

gboolean
sg_model_recognise(SgModel *m, GError **error)
{
  SgModelInfo *info = &m->info;
  gboolean averaged = has_prefix(m, "G_ema.");

  for (int i = 0; sg_families[i]; i++)
    if (sg_families[i]->recognise(m)) {
      info->family = sg_families[i];
      break;
    }
  if (!averaged && !has_prefix(m, "G."))
    return sg_unsupported(error, "this is a %s discriminator without a generator",
                          info->family->title);
  g_ptr_array_set_size(m->names, 0);
  m->generator = recognise(m, averaged ? "G_ema." : "G.", info, error);
  if (!m->generator || (averaged && has_prefix(m, "G.") && !check_second_generator(m, error)))
    return FALSE;
  info->has_d = has_prefix(m, "D.");
  if (info->has_d && !(m->discriminator = recognise(m, "D.", info, error)))
    return FALSE;
  return refuse_surplus(m, error);
}
