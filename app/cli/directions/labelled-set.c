#include "app/cli/directions/labelled-set.h"
#include "engine/directions/ranks.h"
#include <math.h>
#include <string.h>

/* A reader that tells fewer than this of the held-out pictures apart labels faces by chance. */
#define BELIEVED 0.9

guint8 *
labels_of(gsize n, const double *values)
{
  g_autofree guint8 *label = g_new(guint8, n);
  gboolean switches = TRUE;
  gsize ones = 0;

  for (gsize i = 0; i < n; i++)
    switches &= values[i] == 0 || values[i] == 1;
  double middle = switches ? 0.5 : sg_ranks_median(n, values);
  for (gsize i = 0; i < n; i++)
    ones += label[i] = values[i] > middle;
  return ones > 0 && ones < n ? g_steal_pointer(&label) : NULL;
}

static gboolean
progress(gint64 done, gint64 total, gpointer data)
{
  cli_progress_update(data, (gsize)done);
  return TRUE;
}

static gboolean
describe(DirectionJob *job, LabelledSet *s, int reals, GError **error)
{
  int n = (int)MIN((guint)reals, s->set->n);
  g_autofree gboolean *used = g_new0(gboolean, n);
  CliProgress *p = &job->progress;

  s->grid = sg_feature_grid(s->d);
  s->dim = sg_discriminator_feature_count(s->d, s->grid);
  cli_progress_begin(p, "real pictures", (gsize)n);
  s->features = sg_dataset_features(s->set, s->d, s->grid, n, used, progress, p, error);
  cli_progress_end(p);
  if (!s->features)
    return FALSE;
  s->index = g_new(guint, n);
  for (int i = 0; i < n; i++)
    if (used[i]) {
      memmove(s->features + s->n * (gsize)s->dim, s->features + (gsize)i * (gsize)s->dim,
              (gsize)s->dim * sizeof(float));
      s->index[s->n++] = (guint)i;
    }
  return TRUE;
}

LabelledSet *
labelled_set_open(DirectionJob *job, const char *path, int reals, GError **error)
{
  const SgModelInfo *info = &job->model->info;
  const SgDatasetOptions options = {
      .resolution = info->img_resolution, .channels = info->img_channels, .use_labels = TRUE};
  g_autoptr(LabelledSet) s = g_new0(LabelledSet, 1);

  if (!sg_info_require_square(info, "reading of real faces", error))
    return NULL;
  if (!info->has_d) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                "%s has no discriminator, whose view of pictures --data needs; what is measured in "
                "pictures and tables of labels work without",
                cli_name(job->model->path));
    return NULL;
  }
  s->d = sg_discriminator_new(sg_renderer_backend(job->renderer), job->model, error);
  s->set = s->d ? sg_dataset_open(path, &options, error) : NULL;
  return s->set && describe(job, s, reals, error) ? g_steal_pointer(&s) : NULL;
}

void
labelled_set_free(LabelledSet *s)
{
  if (!s)
    return;
  g_clear_pointer(&s->set, sg_dataset_free);
  g_clear_pointer(&s->d, sg_discriminator_free);
  g_free(s->features);
  g_free(s->index);
  g_free(s);
}

char *
labelled_set_name(const LabelledSet *s, int column)
{
  return s->set->label_names ? g_strdup(s->set->label_names[column])
                             : g_strdup_printf("label%d", column);
}

static double *
label_column(const LabelledSet *s, int column)
{
  g_autofree float *row = g_new(float, s->set->label_dim);
  double *values = g_new(double, s->n);

  for (gsize i = 0; i < s->n; i++) {
    sg_dataset_label(s->set, s->index[i], row);
    values[i] = (double)row[column];
  }
  return values;
}

SgReader *
labelled_set_reader(const LabelledSet *s, int column, double *auc, char **refused)
{
  g_autofree double *values = label_column(s, column);
  g_autofree guint8 *known = labels_of(s->n, values);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgReader) reader =
      known ? sg_reader_new(s->n, s->dim, s->features, known, &error) : NULL;

  *auc = reader ? reader->auc : NAN;
  if (!known)
    *refused = g_strdup("all pictures of the set have the same value");
  else if (!reader)
    *refused = g_strdup(error->message);
  else if (!(reader->auc >= BELIEVED))
    *refused = g_strdup_printf("the reader tells it in pictures it has not seen with an AUC of "
                               "%.3f only; %.1f are asked for",
                               reader->auc, BELIEVED);
  else
    return g_steal_pointer(&reader);
  return NULL;
}
