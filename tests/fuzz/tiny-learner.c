#include "tests/fuzz/tiny-learner.h"

static const char *const values[][2] = {
    {"resolution", "8"},     {"z-dim", "2"},        {"w-dim", "2"},
    {"mapping-layers", "1"}, {"channel-base", "8"}, {"channel-max", "2"},
    {"batch", "4"},          {"mbstd-group", "4"},  {"data", "tiny"},
};

SgLearn *
tiny_learner(void)
{
  static SgLearn *learner;
  g_autoptr(GError) error = NULL;
  SgTrainOptions *o;

  if (learner)
    return learner;
  o = sg_train_options_new("auto", &error);
  for (guint i = 0; o && i < G_N_ELEMENTS(values); i++)
    sg_train_options_set(o, values[i][0], values[i][1], &error);
  if (o && !error) {
    o->channels = 3;
    sg_train_options_resolve(o, &error);
  }
  learner = error ? NULL : sg_learn_new(sg_backend_reference(), o, &error);
  if (error)
    g_error("the tiny training: %s", error->message);
  sg_learn_init(learner);
  return learner;
}
