/* The numbers that witnesses go by. */
#include "engine/examine/examine-private.h"
#include <math.h>
#include <string.h>

/* More at once saves little time and costs memory. */
#define BATCH_PIXELS (4 * 256 * 256)
#define MAX_BATCH    8
/* More than there are pictures. */
#define TRY (1 << 16)

const char *
sg_witness_id(SgWitness w)
{
  static const char *const ids[SG_WITNESSES] = {"distance", "logit", "spectrum", "nearest"};
  return ids[w];
}

static void
to_floats(const SgExamination *e, const guint8 *planes, float *out)
{
  for (gsize i = 0; i < e->size; i++)
    out[i] = planes[i] / 127.5f - 1;
}

gboolean
sg_examine_logit(SgExamination *e, const guint8 *planes, double *logit, GError **error)
{
  const SgModelInfo *info = &e->model->info;
  const gint64 shape[4] = {1, info->img_channels, info->img_resolution, info->img_resolution};
  g_autoptr(SgTensor) image = sg_tensor_new(4, shape);

  to_floats(e, planes, image->data);
  return sg_renderer_score(e->renderer, image, info->c_dim > 0 ? &e->o.label : NULL, 1, logit,
                           error);
}

double
sg_examine_spectrum(const SgExamination *e, const guint8 *planes)
{
  double bins[SG_SPECTRUM_BINS];
  const SgModelInfo *info = &e->model->info;

  if (!e->discriminant || !sg_spectrum(info->img_channels, info->img_resolution, planes, bins))
    return NAN;
  return sg_discriminant_score(e->discriminant, bins);
}

/* ---- projections ----------------------------------------------------------------------------- */

static gboolean
begin_batch(SgExamination *e, SgExaminePicture planes, gpointer data, GError **error)
{
  SgProjecting *w = &e->work;
  int r = e->model->info.img_resolution;
  int n = MIN(CLAMP(BATCH_PIXELS / (r * r), 1, MAX_BATCH), w->n - w->at);
  g_autofree float *targets = g_try_malloc_n((gsize)n, e->size * sizeof(float));

  if (!targets) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory to project pictures");
    return FALSE;
  }
  for (int i = 0; i < n; i++) {
    g_autofree guint8 *picture = planes(e, w->at + i, data, error);
    if (!picture)
      return FALSE;
    to_floats(e, picture, targets + (gsize)i * e->size);
  }
  w->in_batch = n;
  /* Each try has random numbers of its own. */
  return sg_projection_begin(e->projection, n, w->first + w->at + w->tried * TRY, targets, error);
}

/* The nearest of all tries counts. */
static void
take_distances(SgExamination *e)
{
  SgProjecting *w = &e->work;

  for (int i = 0; i < w->in_batch; i++) {
    const SgProjectionLoss *loss = sg_projection_loss(e->projection, i);
    double v = e->model->info.has_d ? loss->features : loss->pyramid;
    double *out = &w->out[w->at + i];
    if (w->tried > 0 && v >= *out)
      continue;
    *out = v;
    w->improved |= w->at + i == 0;
  }
}

gboolean
sg_examine_project(SgExamination *e, SgExaminePicture planes, gpointer data, gboolean *done,
                   GError **error)
{
  SgProjecting *w = &e->work;
  SgProjection *p = e->projection;

  *done = w->improved = FALSE;
  if (w->in_batch == 0 && !begin_batch(e, planes, data, error))
    return FALSE;
  if (!sg_projection_step(p, error))
    return FALSE;
  e->done += w->in_batch;
  if (sg_projection_done(p) < sg_projection_total(p))
    return TRUE;
  take_distances(e);
  if (++w->tried < e->o.tries) {
    w->in_batch = 0;
    return TRUE;
  }
  w->tried = 0;
  w->at += w->in_batch;
  *done = w->at == w->n;
  if (!*done)
    w->in_batch = 0;
  return TRUE;
}
