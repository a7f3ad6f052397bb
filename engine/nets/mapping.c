#include "engine/nets/mapping.h"
#include "engine/nets/params.h"
#include "engine/models/family.h"
#include <math.h>
#include <string.h>

static gboolean
load_layer(SgMapping *m, int i, const SgTensor *w, const SgTensor *b, GError **error)
{
  m->w[i] = sg_params_matrix(m->backend, w, (int)w->shape[0], 1, 0, error);
  m->b[i] = m->w[i] ? sg_params_vector(m->backend, b, 0, error) : NULL;
  m->layers = i + 1;
  return m->b[i] != NULL;
}

static gboolean
load_embedding(SgMapping *m, const SgModel *model, const char *prefix, GError **error)
{
  SgTensor *w = sg_model_tensor(model, prefix, "mapping.embed.weight");
  SgTensor *b = sg_model_tensor(model, prefix, "mapping.embed.bias");
  m->embed_w = sg_params_matrix(m->backend, w, (int)w->shape[0], 1, 0, error);
  m->embed_b = m->embed_w ? sg_params_vector(m->backend, b, 0, error) : NULL;
  return m->embed_b != NULL;
}

static SgMapping *
mapping_new(SgBackend *b, const SgModel *model, const char *prefix, int layers, GError **error)
{
  g_autoptr(SgMapping) m = g_new0(SgMapping, 1);
  gboolean mystylegan = model->info.family == &sg_family_mystylegan, ok = TRUE;

  m->backend = b;
  m->gain = mystylegan ? 1.3867504905630728f : (float)G_SQRT2;
  m->lr_mul = 1;
  for (int i = 0; ok && i < layers; i++)
    ok = mystylegan ? load_layer(m, i, sg_model_tensorf(model, prefix, "mapping.%d.weight_orig", i),
                                 sg_model_tensorf(model, prefix, "mapping.%d.bias", i), error)
                    : load_layer(m, i, sg_model_tensorf(model, prefix, "mapping.fc%d.weight", i),
                                 sg_model_tensorf(model, prefix, "mapping.fc%d.bias", i), error);
  return ok ? g_steal_pointer(&m) : NULL;
}

SgMapping *
sg_mapping_new_generator(SgBackend *b, const SgModel *model, const char *prefix, GError **error)
{
  const SgModelInfo *info = &model->info;
  g_autoptr(SgMapping) m = mapping_new(b, model, prefix, info->mapping_layers, error);
  if (!m)
    return NULL;
  m->z_dim = info->z_dim;
  m->c_dim = info->c_dim;
  m->w_dim = info->w_dim;
  m->lr_mul = (float)info->mapping_lr_mul;
  if (m->c_dim && !load_embedding(m, model, prefix, error))
    return NULL;
  return g_steal_pointer(&m);
}

SgMapping *
sg_mapping_new_discriminator(SgBackend *b, const SgModel *model, GError **error)
{
  const SgModelInfo *info = &model->info;
  g_autoptr(SgMapping) m = mapping_new(b, model, "D.", info->d_mapping_layers, error);
  if (!m || !load_embedding(m, model, "D.", error))
    return NULL;
  m->c_dim = info->c_dim;
  m->w_dim = m->layers ? m->w[m->layers - 1]->n : m->embed_w->n;
  m->lr_mul = (float)info->d_mapping_lr_mul;
  return g_steal_pointer(&m);
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
  g_free(m);
}

/* normalize (E·onehot / sqrt (c_dim) + b): [n, embed] on the host, appended at column `at` of rows
 * that are `width` long. */
static gboolean
embed_labels(const SgMapping *m, int n, const int *labels, float *rows, int width, int at,
             GError **error)
{
  int size = m->embed_w->n;
  g_autofree float *onehot = g_new0(float, (gsize)n * m->c_dim);
  g_autofree float *out = g_new(float, ((gsize)n * size));

  for (int i = 0; i < n; i++)
    if (labels && labels[i] >= 0 && labels[i] < m->c_dim)
      onehot[(gsize)i * m->c_dim + labels[i]] = 1;
  g_autoptr(SgBuf) c = sg_buf_from_floats(m->backend, onehot, n, m->c_dim, 1, 1, error);
  g_autoptr(SgBuf) y = c ? sg_buf_new(m->backend, SG_FMT_PLAIN, n, size, 1, 1, error) : NULL;
  if (!y)
    return FALSE;
  m->backend->dense(y, c, m->embed_w, 1 / sqrtf((float)m->c_dim), m->embed_b, 1, FALSE, 1);
  m->backend->normalize(y, y);
  m->backend->download(y, out);
  for (int i = 0; i < n; i++)
    memcpy(rows + (gsize)i * width + at, out + (gsize)i * size, sizeof(float) * (gsize)size);
  return TRUE;
}

/* The first layer's input: [n, z_dim + embed], each part normalised by itself. */
static SgBuf *
mapping_input(const SgMapping *m, int n, const float *z, const int *labels, GError **error)
{
  int width = m->z_dim + (m->c_dim ? m->embed_w->n : 0);
  g_autofree float *rows = g_new(float, ((gsize)n * width));

  if (m->z_dim) {
    g_autoptr(SgBuf) zb = sg_buf_from_floats(m->backend, z, n, m->z_dim, 1, 1, error);
    g_autofree float *zn = g_new(float, (gsize)n * m->z_dim);
    if (!zb)
      return NULL;
    m->backend->normalize(zb, zb);
    m->backend->download(zb, zn);
    for (int i = 0; i < n; i++)
      memcpy(rows + (gsize)i * width, zn + (gsize)i * m->z_dim, sizeof(float) * (gsize)m->z_dim);
  }
  if (m->c_dim && !embed_labels(m, n, labels, rows, width, m->z_dim, error))
    return NULL;
  return sg_buf_from_floats(m->backend, rows, n, width, 1, 1, error);
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
    m->backend->dense(y, x, m->w[i], m->lr_mul / sqrtf((float)m->w[i]->c), m->b[i], m->lr_mul, TRUE,
                      m->gain);
    sg_buf_unref(x);
    x = y;
  }
  m->backend->download(x, w);
  return sg_backend_check(m->backend, error);
}
