/* Who says whether a face has what was to be kept. */
#include "app/cli/directions/resample.h"
#include "engine/directions/matrix.h"
#include "engine/directions/ranks.h"

static int
column_of(const LabelledSet *s, const char *wanted)
{
  for (int c = 0; c < s->set->label_dim; c++) {
    g_autofree char *name = labelled_set_name(s, c);
    if (g_str_equal(name, wanted))
      return c;
  }
  return -1;
}

/* --data: the attribute is called as the direction unless --attribute says otherwise. */
static gboolean
open_reader(ResampleJudge *judge, DirectionJob *job, const ResampleOptions *o, GError **error)
{
  const char *name = o->attribute ? o->attribute : judge->direction->name;
  g_autofree char *refused = NULL;
  double auc;

  judge->set = labelled_set_open(job, o->data, o->reals, error);
  if (!judge->set)
    return FALSE;
  int column = column_of(judge->set, name);
  if (column < 0) {
    cli_set_usage_error(error, "--attribute: the set has no label \"%s\"", cli_name(name));
    return FALSE;
  }
  judge->reader = labelled_set_reader(judge->set, column, &auc, &refused);
  if (!judge->reader)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", cli_name(name), refused);
  judge->name = "reader";
  return judge->reader != NULL;
}

gboolean
resample_judge_open(ResampleJudge *judge, DirectionJob *job, const ResampleOptions *o,
                    const SgNamedDirection *direction, GError **error)
{
  SgMeasure m;

  *judge = (ResampleJudge){
      .measure = -1, .w_dim = job->model->info.w_dim, .direction = direction, .name = "direction"};
  if (o->data)
    return open_reader(judge, job, o, error);
  if (!o->measure)
    return TRUE;
  if (!sg_measure_parse(o->measure, &m)) {
    cli_set_usage_error(error,
                        "--measure: expected brightness, contrast, saturation, warmth, symmetry, "
                        "edges or background, found \"%s\"",
                        o->measure);
    return FALSE;
  }
  judge->measure = (int)m;
  judge->name = sg_measure_name(m);
  return TRUE;
}

void
resample_judge_clear(ResampleJudge *judge)
{
  g_clear_pointer(&judge->reader, sg_reader_free);
  g_clear_pointer(&judge->set, labelled_set_free);
}

gboolean
resample_judge_ask(const ResampleJudge *judge, const double *w, const SgTensor *picture,
                   double *score, GError **error)
{
  if (judge->reader) {
    g_autofree float *features = g_new(float, judge->set->dim);
    if (!sg_discriminator_features(judge->set->d, 1, picture->data, judge->set->grid, features,
                                   error))
      return FALSE;
    *score = sg_reader_decide(judge->reader, features);
  } else if (judge->measure >= 0)
    *score = sg_measure((SgMeasure)judge->measure, (int)picture->shape[1], (int)picture->shape[2],
                        (int)picture->shape[3], picture->data);
  else
    *score = sg_dot(judge->direction->vector, w, judge->w_dim);
  return TRUE;
}

void
resample_judge_learn(ResampleJudge *judge, int n, const double *score)
{
  judge->threshold = judge->reader ? 0 : sg_ranks_median((gsize)n, score);
}
