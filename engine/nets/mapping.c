#include "engine/nets/mapping.h"
#include "engine/formats/format-error.h"
#include "engine/nets/params.h"
#include "engine/models/family.h"
#include <math.h>
#include <string.h>

/* W and b of a dense layer. */
static gboolean
load(SgMapping *m, const SgModel *model, const char *prefix, const SgNetwork *n, const SgLayer *l,
     SgBuf **w, SgBuf **b, GError **error)
{
  const SgParam *weight = sg_layer_param(n, l, SG_ROLE_WEIGHT);
  const SgParam *bias = sg_layer_param(n, l, SG_ROLE_BIAS);

  *w = sg_params_matrix(m->backend, sg_model_tensor(model, prefix, weight->name), l->out, 1, 0,
                        error);
  *b = *w && bias
           ? sg_params_vector(m->backend, sg_model_tensor(model, prefix, bias->name), 0, error)
           : NULL;
  return *w && (*b || !bias);
}

static gboolean
load_layer(SgMapping *m, const SgModel *model, const char *prefix, const SgNetwork *n,
           const SgLayer *l, GError **error)
{
  if (l->input == SG_FROM_LABEL) {
    m->embed_gain = (float)(l->lr * l->wgain) / sqrtf((float)l->in);
    return load(m, model, prefix, n, l, &m->embed_w, &m->embed_b, error);
  }
  int i = m->layers++;
  m->lr_mul = (float)l->lr;
  m->wgain = (float)l->wgain;
  m->gain = (float)l->gain;
  return load(m, model, prefix, n, l, &m->w[i], &m->b[i], error);
}

/* The part of a network that maps. */
static SgMapping *
mapping_new(SgBackend *b, const SgModel *model, const char *prefix, const SgNetwork *n,
            GError **error)
{
  g_autoptr(SgMapping) m = g_new0(SgMapping, 1);
  gboolean ok = TRUE;

  m->backend = b;
  m->lr_mul = m->wgain = 1;
  m->z_dim = n->z_dim;
  m->c_dim = n->c_dim;
  m->w = g_new0(SgBuf *, n->layers->len);
  m->b = g_new0(SgBuf *, n->layers->len);
  for (guint k = 0; ok && k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (l->section == SG_SECTION_MAPPING && l->kind == SG_KIND_DENSE)
      ok = load_layer(m, model, prefix, n, l, error);
    if (l->kind == SG_KIND_NORMALIZE && l->input >= 0 &&
        sg_network_layer(n, l->input)->kind == SG_KIND_CONCAT)
      m->joint = TRUE;
  }
  return ok ? g_steal_pointer(&m) : NULL;
}

SgMapping *
sg_mapping_new_generator(SgBackend *b, const SgModel *model, const char *prefix, GError **error)
{
  const SgNetwork *n = sg_model_generator(model);
  SgMapping *m = mapping_new(b, model, prefix, n, error);
  if (m)
    m->w_dim = n->w_dim;
  return m;
}

SgMapping *
sg_mapping_new_discriminator(SgBackend *b, const SgModel *model, GError **error)
{
  SgMapping *m = mapping_new(b, model, "D.", sg_model_discriminator(model), error);
  if (m)
    m->w_dim = m->layers ? m->w[m->layers - 1]->n : m->embed_w->n;
  return m;
}

void
sg_mapping_free(SgMapping *m)
{
  if (!m)
    return;
  sg_buf_unref(m->embed_w);
  sg_buf_unref(m->embed_b);
  for (int i = 0; i < m->layers; i++) {
    sg_buf_unref(m->w[i]);
    sg_buf_unref(m->b[i]);
  }
  g_free(m->w);
  g_free(m->b);
  g_free(m);
}

/* normalize (E·onehot gain + b), not normalised where that is done jointly: [n, embed] on the host,
 * appended at column `at` of rows that are `width` long. */
static gboolean
embed_labels(const SgMapping *m, int n, const int *labels, float *rows, int width, int at,
             GError **error)
{
  int size = m->embed_w->n;
  g_autofree float *onehot = g_try_new0(float, (gsize)n * m->c_dim);
  g_autofree float *out = g_try_new(float, ((gsize)n * size));

  if (!onehot || !out)
    return sg_no_memory(error, "for labels");
  for (int i = 0; i < n; i++)
    if (labels && labels[i] >= 0 && labels[i] < m->c_dim)
      onehot[(gsize)i * m->c_dim + labels[i]] = 1;
  g_autoptr(SgBuf) c = sg_buf_from_floats(m->backend, onehot, n, m->c_dim, 1, 1, error);
  g_autoptr(SgBuf) y = c ? sg_buf_new(m->backend, SG_FMT_PLAIN, n, size, 1, 1, error) : NULL;
  if (!y)
    return FALSE;
  m->backend->dense(y, c, m->embed_w, m->embed_gain, m->embed_b, 1, FALSE, 1);
  if (!m->joint)
    m->backend->normalize(y, y);
  m->backend->download(y, out);
  for (int i = 0; i < n; i++)
    memcpy(rows + (gsize)i * width + at, out + (gsize)i * size, sizeof(float) * (gsize)size);
  return TRUE;
}

/* The first layer's input: [n, z_dim + embed], each part normalised by itself, or both together. */
static SgBuf *
mapping_input(const SgMapping *m, int n, const float *z, const int *labels, GError **error)
{
  int width = m->z_dim + (m->c_dim ? m->embed_w->n : 0);
  g_autofree float *rows = g_try_new(float, ((gsize)n * width));

  if (!rows) {
    sg_no_memory(error, "for the mapping network");
    return NULL;
  }
  if (m->z_dim) {
    g_autoptr(SgBuf) zb = sg_buf_from_floats(m->backend, z, n, m->z_dim, 1, 1, error);
    g_autofree float *zn = g_try_new(float, (gsize)n * m->z_dim);
    if (!zb || !(zn || sg_no_memory(error, "for the mapping network")))
      return NULL;
    if (!m->joint)
      m->backend->normalize(zb, zb);
    m->backend->download(zb, zn);
    for (int i = 0; i < n; i++)
      memcpy(rows + (gsize)i * width, zn + (gsize)i * m->z_dim, sizeof(float) * (gsize)m->z_dim);
  }
  if (m->c_dim && !embed_labels(m, n, labels, rows, width, m->z_dim, error))
    return NULL;
  SgBuf *x = sg_buf_from_floats(m->backend, rows, n, width, 1, 1, error);
  if (x && m->joint)
    m->backend->normalize(x, x);
  return x;
}

gboolean
sg_mapping_run(const SgMapping *m, int n, const float *z, const int *labels, float *w,
               GError **error)
{
  g_autoptr(SgBuf) x = mapping_input(m, n, z, labels, error);
  if (!x)
    return FALSE;
  for (int i = 0; i < m->layers; i++) {
    SgBuf *y = sg_buf_new(m->backend, SG_FMT_PLAIN, n, m->w[i]->n, 1, 1, error);
    if (!y)
      return FALSE;
    m->backend->dense(y, x, m->w[i], m->wgain * m->lr_mul / sqrtf((float)m->w[i]->c), m->b[i],
                      m->lr_mul, TRUE, m->gain);
    sg_buf_unref(x);
    x = y;
  }
  m->backend->download(x, w);
  return sg_backend_check(m->backend, error);
}
