#include "engine/explore/weights/real-score.h"
#include "engine/data/dataset.h"
#include <jansson.h>
#include <math.h>

/* Batches of D where the model does not say how large a group is. */
#define DEFAULT_GROUP 4
/* A slice takes as many pixels as stay near 20 ms. */
#define SLICE_PIXELS ((gint64)8 * 64 * 64)

struct _SgRealScorer {
  int at;
  SgJudge judge;
  SgTensor *pixels; /* [n, C, R, R] in -1..1 */
  double *logits;   /* [n] */
  int *labels;      /* [n] or NULL */
  SgScoreSummary summary;
};

/* ---- numbers --------------------------------------------------------------------------------- */

int
sg_judge_group(SgJudge judge, const SgModelInfo *info)
{
  if (judge == SG_JUDGE_ALONE)
    return 1;
  return info->mbstd_num_channels > 0 && info->mbstd_group_size > 0 ? info->mbstd_group_size
                                                                    : DEFAULT_GROUP;
}

static double
sigmoid(double x)
{
  return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

static void
mean_and_std(int n, const double *x, double *mean, double *std)
{
  double sum = 0, squares = 0;

  for (int i = 0; i < n; i++)
    sum += x[i] / n;
  for (int i = 0; i < n; i++)
    squares += (x[i] - sum) * (x[i] - sum) / n;
  *mean = sum;
  *std = sqrt(squares);
}

void
sg_score_summarise(int n, const double *logits, SgScoreSummary *summary)
{
  g_autofree double *scores = g_new(double, n);

  for (int i = 0; i < n; i++)
    scores[i] = sigmoid(logits[i]);
  summary->images = n;
  mean_and_std(n, logits, &summary->logit_mean, &summary->logit_std);
  mean_and_std(n, scores, &summary->score_mean, &summary->score_std);
}

/* ---- pictures -------------------------------------------------------------------------------- */

static SgDataset *
open_data(const SgModelInfo *info, const char *path, int images, GError **error)
{
  /* Twice as many: some may have a good header and nothing behind it. */
  const SgDatasetOptions options = {.resolution = info->img_resolution,
                                    .channels = info->img_channels,
                                    .use_labels = info->c_dim > 0,
                                    .max_images = 2 * (guint)images};
  if (!sg_info_require_square(info, "scoring of a data set", error))
    return NULL;
  g_autoptr(SgDataset) data = sg_dataset_open(path, &options, error);
  if (!data)
    return NULL;
  if (info->c_dim > 0 && (data->label_dim != info->c_dim || !data->one_hot)) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s: this model has %d classes and needs a data set with as many, found %d%s", path,
                info->c_dim, data->label_dim,
                data->label_dim > 0 && !data->one_hot ? " (not class numbers)" : "");
    return NULL;
  }
  return g_steal_pointer(&data);
}

static void
read_label(SgRealScorer *s, SgDataset *data, guint index)
{
  g_autofree float *label = g_new0(float, data->label_dim);

  sg_dataset_label(data, index, label);
  s->labels[s->summary.images] = 0;
  for (int k = 0; k < data->label_dim; k++)
    if (label[k] > 0.5f)
      s->labels[s->summary.images] = k;
}

static gboolean
read_pictures(SgRealScorer *s, SgDataset *data, int images, GError **error)
{
  gsize face = s->pixels->numel / (gsize)images;
  g_autofree guint8 *bytes = g_malloc(face);
  g_autoptr(GError) why = NULL;

  for (guint i = 0; i < data->n && s->summary.images < images; i++) {
    g_clear_error(&why);
    if (!sg_dataset_read(data, i, bytes, &why))
      continue;
    float *to = s->pixels->data + (gsize)s->summary.images * face;
    for (gsize k = 0; k < face; k++)
      to[k] = (float)bytes[k] / 127.5f - 1;
    if (s->labels)
      read_label(s, data, i);
    s->summary.images++;
  }
  if (s->summary.images > 0)
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&why)); /* an open data set has at least one picture */
  return FALSE;
}

SgRealScorer *
sg_real_scorer_new(SgModel *model, const char *path, int images, GError **error)
{
  const SgModelInfo *info = &model->info;
  gint64 shape[4] = {images, info->img_channels, info->img_resolution, info->img_resolution};
  g_autoptr(SgDataset) data = NULL;

  g_assert(images >= 1);
  if (!info->has_d) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s: has no discriminator, so nothing can be scored", model->path);
    return NULL;
  }
  if (!(data = open_data(info, path, images, error)))
    return NULL;
  g_autoptr(SgRealScorer) s = g_new0(SgRealScorer, 1);
  if (!(s->pixels = sg_tensor_try_new(4, shape, error)))
    return NULL;
  s->logits = g_new0(double, images);
  s->labels = info->c_dim > 0 ? g_new0(int, images) : NULL;
  return read_pictures(s, data, images, error) ? g_steal_pointer(&s) : NULL;
}

void
sg_real_scorer_free(SgRealScorer *s)
{
  if (!s)
    return;
  sg_tensor_unref(s->pixels);
  g_free(s->logits);
  g_free(s->labels);
  g_free(s);
}

int
sg_real_scorer_images(const SgRealScorer *s)
{
  return s->summary.images;
}

void
sg_real_scorer_set_judge(SgRealScorer *s, SgJudge judge)
{
  s->judge = judge;
}

gboolean
sg_real_scorer_step(SgRealScorer *s, SgRenderer *renderer, gboolean *done, GError **error)
{
  gint64 pixels = s->pixels->shape[2] * s->pixels->shape[3];
  int slice = (int)CLAMP(SLICE_PIXELS / pixels, 1, 64);
  int group = sg_judge_group(s->judge, &sg_renderer_model(renderer)->info);
  int n = MIN(MAX(slice / group, 1) * group, s->summary.images - s->at);
  gsize face = s->pixels->numel / (gsize)s->pixels->shape[0];
  SgTensor part = *s->pixels; /* the same pixels, fewer of them */

  part.shape[0] = n;
  part.numel = (gsize)n * face;
  part.data = s->pixels->data + (gsize)s->at * face;
  if (n > 0 && !sg_renderer_score(renderer, &part, s->labels ? s->labels + s->at : NULL, group,
                                  s->logits + s->at, error))
    return FALSE;
  s->at += n;
  *done = s->at == s->summary.images;
  if (*done)
    sg_score_summarise(s->summary.images, s->logits, &s->summary);
  return TRUE;
}

void
sg_real_scorer_restart(SgRealScorer *s)
{
  s->at = 0;
}

const SgScoreSummary *
sg_real_scorer_summary(const SgRealScorer *s)
{
  return &s->summary;
}

/* ---- which data set -------------------------------------------------------------------------- */

char *
sg_known_data(const char *model_path)
{
  g_autofree char *dir = g_file_test(model_path, G_FILE_TEST_IS_DIR)
                             ? g_strdup(model_path)
                             : g_path_get_dirname(model_path);
  g_autofree char *file = g_build_filename(dir, "training_options.json", NULL);
  json_t *root = g_file_test(file, G_FILE_TEST_IS_REGULAR) ? json_load_file(file, 0, NULL) : NULL;
  const char *path = json_string_value(json_object_get(root, "data"));
  char *known;

  if (!path)
    path = json_string_value(json_object_get(json_object_get(root, "training_set_kwargs"), "path"));
  known = path && g_file_test(path, G_FILE_TEST_EXISTS) ? g_strdup(path) : NULL;
  json_decref(root);
  return known;
}
