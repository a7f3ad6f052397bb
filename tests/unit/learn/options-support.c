#include "tests/unit/learn/options-support.h"
#include <string.h>

#define AT(o, row, type) (*(type *)G_STRUCT_MEMBER_P(o, (row)->offset))

SgTrainOptions *
fresh(const char *preset)
{
  GError *error = NULL;
  SgTrainOptions *o = sg_train_options_new(preset, &error);
  g_assert_no_error(error);
  return o;
}

SgTrainOptions *
for_resolution(const char *preset, int resolution)
{
  SgTrainOptions *o = fresh(preset);
  o->resolution = resolution;
  o->channels = 3;
  return o;
}

void
set(SgTrainOptions *o, const char *name, const char *value)
{
  GError *error = NULL;
  gboolean ok = sg_train_options_set(o, name, value, &error);
  g_assert_no_error(error);
  g_assert_true(ok);
}

void
resolve(SgTrainOptions *o)
{
  GError *error = NULL;
  gboolean ok = sg_train_options_resolve(o, &error);
  g_assert_no_error(error);
  g_assert_true(ok);
}

gsize
size_of(const SgTrainOption *row)
{
  switch (row->type) {
  case SG_OPTION_REAL:
    return sizeof(double);
  case SG_OPTION_SEED:
    return sizeof(guint64);
  case SG_OPTION_TEXT:
    return sizeof(char *);
  default:
    return sizeof(int);
  }
}

gboolean
same(const SgTrainOption *row, SgTrainOptions *a, SgTrainOptions *b)
{
  if (row->type == SG_OPTION_TEXT)
    return g_strcmp0(AT(a, row, char *), AT(b, row, char *)) == 0;
  return memcmp(G_STRUCT_MEMBER_P(a, row->offset), G_STRUCT_MEMBER_P(b, row->offset),
                size_of(row)) == 0;
}

void
assert_same(SgTrainOptions *a, SgTrainOptions *b)
{
  EACH (row)
    if (!same(row, a, b))
      g_error("%s differs", row->name);
}

const char *
legal_value(const SgTrainOption *row)
{
  static const struct {
    const char *name, *value;
  } special[] = {{"resolution", "32"}, {"channels", "1"},
                 {"cfg", "paper512"},  {"augpipe", "blit+geom"},
                 {"device", "cuda:1"}, {"cond", "1"},
                 {"mirror", "yes"},    {"mirror-y", "yes"},
                 {"lr-d", "0.00125"},  {"seed", "18446744073709551615"}};

  for (gsize i = 0; i < G_N_ELEMENTS(special); i++)
    if (g_str_equal(special[i].name, row->name))
      return special[i].value;
  if (row->type == SG_OPTION_TEXT)
    return row->words ? (g_str_equal(row->words[0], "skip") ? "orig" : row->words[1]) : "Größe 1";
  return row->type == SG_OPTION_INT ? (row->max < 24 ? "11" : "24") : "0.3";
}
