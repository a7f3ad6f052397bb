#include "engine/explore/face-sample.h"
#include "engine/directions/affines.h"
#include "engine/directions/seeds.h"
#include "engine/explore/nets.h"
#include <math.h>
#include <string.h>

/* Pictures that are drawn and described at once. */
#define BATCH 16
/* A description may be this long. */
#define MOST_FEATURES 8192

int
sg_feature_grid(const SgDiscriminator *d)
{
  for (int grid = 4; grid > 1; grid /= 2)
    if (sg_discriminator_feature_count(d, grid) <= MOST_FEATURES)
      return grid;
  return 1;
}

/* Styles of the convolutions for every face: s = A w (the bias is the same for all and tells
 * nothing). */
static void
fill_styles(SgFaceSample *f, const GPtrArray *affines)
{
#pragma omp parallel for schedule(static)
  for (int i = 0; i < f->n; i++) {
    const float *w = f->w + (gsize)i * (gsize)f->w_dim;
    float *s = f->s + (gsize)i * (gsize)f->s_dim;
    for (guint k = 0; k < affines->len; k++) {
      const SgAffine *a = affines->pdata[k];
      for (int r = 0; r < a->rows; r++) {
        const float *row = a->a + (gsize)r * (gsize)f->w_dim;
        double sum = 0;
        for (int j = 0; j < f->w_dim; j++)
          sum += (double)row[j] * (double)w[j];
        *s++ = (float)sum;
      }
    }
  }
}

static gboolean
describe(SgFaceSample *f, SgDiscriminator *d, int at, const SgTensor *images, GError **error)
{
  int count = (int)images->shape[0], c = (int)images->shape[1];
  int h = (int)images->shape[2], w = (int)images->shape[3];

  for (int i = 0; i < count; i++)
    for (int m = 0; m < SG_MEASURE_COUNT; m++)
      f->measures[(at + i) * SG_MEASURE_COUNT + m] = sg_measure(
          (SgMeasure)m, c, h, w, images->data + (gsize)i * (gsize)c * (gsize)h * (gsize)w);
  return !d || sg_discriminator_features(d, count, images->data, f->grid,
                                         f->features + (gsize)at * (gsize)f->feature_dim, error);
}

/* How many faces from i on have seeds one after another. */
static int
run_length(const guint32 *seeds, int i, int n)
{
  int count = 1;

  while (seeds && i + count < n && seeds[i + count] == seeds[i] + (guint32)count)
    count++;
  return seeds ? count : n - i;
}

static guint32
seed_of(const guint32 *seeds, int i)
{
  return seeds ? seeds[i] : (guint32)i;
}

static gboolean
map_all(SgFaceSample *f, const SgMapping *m, const guint32 *seeds, int label, GError **error)
{
  for (int i = 0, count; i < f->n; i += count) {
    count = run_length(seeds, i, f->n);
    if (!sg_seeds_map(m, seed_of(seeds, i), count, label, f->z + (gsize)i * (gsize)f->z_dim,
                      f->w + (gsize)i * (gsize)f->w_dim, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
draw_all(SgFaceSample *f, SgRenderer *r, const SgMapping *m, SgDiscriminator *d,
         const guint32 *seeds, int label, SgDirectionProgress progress, gpointer data,
         GError **error)
{
  const SgModelInfo *info = &sg_renderer_model(r)->info;
  g_autoptr(SgRecipe) recipe = sg_recipe_new(info->z_dim, info->w_dim);

  for (int i = 0; i < f->n; i += recipe->faces) {
    gboolean one_class = label >= 0 || m->c_dim == 0; /* can be drawn together */
    recipe->seed = seed_of(seeds, i);
    recipe->faces = one_class ? MIN(BATCH, run_length(seeds, i, f->n)) : 1;
    recipe->label = sg_seeds_label(m, label, recipe->seed);
    g_autoptr(SgTensor) images = sg_renderer_render_float(r, recipe, error);
    if (!images || !describe(f, d, i, images, error))
      return FALSE;
    if (progress && !progress(i + recipe->faces, f->n, data))
      return sg_directions_cancelled(error);
  }
  return TRUE;
}

static gboolean
allocate(SgFaceSample *f, const SgMapping *m, SgDiscriminator *d, int s_dim, GError **error)
{
  gsize n = (gsize)f->n;

  f->z_dim = m->z_dim;
  f->w_dim = m->w_dim;
  f->s_dim = s_dim;
  f->grid = d ? sg_feature_grid(d) : 0;
  f->feature_dim = d ? sg_discriminator_feature_count(d, f->grid) : 0;
  f->z = g_try_malloc_n(n, sizeof(float) * (gsize)f->z_dim);
  f->w = g_try_malloc_n(n, sizeof(float) * (gsize)f->w_dim);
  f->s = g_try_malloc_n(n, sizeof(float) * (gsize)MAX(1, f->s_dim));
  f->features = d ? g_try_malloc_n(n, sizeof(float) * (gsize)f->feature_dim) : NULL;
  f->measures = g_try_malloc_n(n, sizeof(double) * SG_MEASURE_COUNT);
  if (f->z && f->w && f->s && f->measures && (!d || f->features))
    return TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for %d faces", f->n);
  return FALSE;
}

SgFaceSample *
sg_face_sample_new(SgRenderer *r, SgDiscriminator *d, int n, const guint32 *seeds, int label,
                   SgDirectionProgress progress, gpointer data, GError **error)
{
  const SgPrune as_stored = {0};
  g_autoptr(SgFaceSample) f = g_new0(SgFaceSample, 1);
  const SgNets *nets = sg_renderer_nets(r, &as_stored, error);

  f->n = n;
  if (!nets)
    return NULL;
  g_autoptr(GPtrArray) affines = sg_affines_new(nets->net, 0, nets->net->num_ws - 1);
  if (!allocate(f, nets->mapping, d, sg_affines_rows(affines), error) ||
      !map_all(f, nets->mapping, seeds, label, error))
    return NULL;
  fill_styles(f, affines);
  return draw_all(f, r, nets->mapping, d, seeds, label, progress, data, error) ? g_steal_pointer(&f)
                                                                               : NULL;
}

void
sg_face_sample_free(SgFaceSample *f)
{
  if (!f)
    return;
  g_free(f->z);
  g_free(f->w);
  g_free(f->s);
  g_free(f->features);
  g_free(f->measures);
  g_free(f);
}

float *
sg_dataset_features(SgDataset *ds, SgDiscriminator *d, int grid, int n, gboolean *used,
                    SgDirectionProgress progress, gpointer data, GError **error)
{
  gsize size = (gsize)ds->channels * (gsize)ds->resolution * (gsize)ds->resolution;
  gsize count = (gsize)sg_discriminator_feature_count(d, grid);
  g_autofree float *features = g_try_malloc0_n((gsize)n, count * sizeof(float));
  g_autofree guint8 *pixels = g_malloc(size);
  g_autofree float *images = g_new(float, BATCH *size);

  if (!features) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for %d pictures", n);
    return NULL;
  }
  for (int i = 0; i < n; i += BATCH) {
    int batch = MIN(BATCH, n - i);
    for (int k = 0; k < batch; k++) {
      used[i + k] = sg_dataset_read(ds, (guint)(i + k), pixels, NULL);
      for (gsize j = 0; j < size; j++)
        images[(gsize)k * size + j] = used[i + k] ? (float)pixels[j] / 127.5f - 1 : 0;
    }
    if (!sg_discriminator_features(d, batch, images, grid, features + (gsize)i * count, error))
      return NULL;
    if (progress && !progress(i + batch, n, data)) {
      sg_directions_cancelled(error);
      return NULL;
    }
  }
  return g_steal_pointer(&features);
}

/* ---- attributes ------------------------------------------------------------------------------ */

/* The regression's normal, as what one deviation of it over these faces adds to w. */
static gboolean
add_direction(const SgFaceSample *f, const SgLogistic *m, double auc, double c, const char *name,
              SgDirectionSet *set, GError **error)
{
  g_autoptr(SgMoments) moments = sg_moments_of(f->w_dim, f->n, f->w, error);
  g_autofree double *one = g_new(double, f->w_dim);
  double squares = 0;

  if (!moments)
    return FALSE;
  for (int j = 0; j < f->w_dim; j++)
    squares += m->beta[j] * m->beta[j];
  double sigma = sg_moments_sigma(moments, m->beta) / MAX(squares, 1e-300);
  for (int j = 0; j < f->w_dim; j++)
    one[j] = sigma * m->beta[j];
  SgNamedDirection *d = sg_direction_set_add(set, name, one);
  if (d) {
    d->auc = auc;
    d->samples = f->n;
    d->c = c;
  } else
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                "no coordinate of w tells %s: the regularisation leaves none (a larger C might)",
                name);
  return d != NULL;
}

gboolean
sg_attribute_find(const SgFaceSample *f, const guint8 *label, double c, int folds, const char *name,
                  SgDirectionSet *set, SgAttributeJudgement *out, GError **error)
{
  const struct {
    const float *x;
    int dim;
  } views[SG_VIEW_COUNT] = {{f->w, f->w_dim}, {f->z, f->z_dim}, {f->s, f->s_dim}};

  out->ones = 0;
  for (int i = 0; i < f->n; i++)
    out->ones += label[i] != 0;
  for (int v = 0; v < SG_VIEW_COUNT; v++)
    if (!sg_cross_validate((gsize)f->n, views[v].dim, views[v].x, label, c, folds, &out->view[v],
                           error))
      return FALSE;
  g_autoptr(SgLogistic) m = sg_logistic_fit((gsize)f->n, f->w_dim, f->w, label, c, error);
  if (!m)
    return FALSE;
  out->nonzero = m->nonzero;
  return add_direction(f, m, out->view[SG_VIEW_W].auc, c, name, set, error);
}
