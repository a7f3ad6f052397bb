/* Setting, resolving and storing training options; the table is in options-table.c. */
#include "engine/learn/options-private.h"
#include "engine/base/number.h"
#include "engine/learn/augment.h"
#include "engine/metrics/metric.h"
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(o, row, type) (*(type *)(gpointer)((char *)(o) + (row)->offset))

static gboolean G_GNUC_PRINTF(2, 3) wrong(GError **error, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
  return FALSE;
}

static int
row_of(const char *name)
{
  for (guint i = 0; i < sg_train_option_count; i++)
    if (g_str_equal(sg_train_option_table[i].name, name))
      return (int)i;
  return -1;
}

gboolean
sg_train_options_is_set(const SgTrainOptions *o, const char *name)
{
  int row = row_of(name);
  g_assert(row >= 0);
  return (o->set[row / 64] >> (row % 64)) & 1;
}

static void
mark_set(SgTrainOptions *o, int row)
{
  o->set[row / 64] |= (guint64)1 << (row % 64);
}

/* ---- life ------------------------------------------------------------------------------------ */

SgTrainOptions *
sg_train_options_new(const char *preset, GError **error)
{
  int at = sg_train_preset_find(preset);

  g_assert(sg_train_option_count <= 128);
  if (at < 0) {
    g_autofree char *names = g_strjoinv(", ", (char **)sg_train_presets);
    wrong(error, "cfg should be one of %s, but is “%s”", names, preset);
    return NULL;
  }
  SgTrainOptions *o = g_new0(SgTrainOptions, 1);
  sg_train_preset_defaults((guint)at, o);
  for (guint i = 0; i < sg_train_option_count; i++)
    if (sg_train_option_table[i].type == SG_OPTION_TEXT)
      FIELD(o, &sg_train_option_table[i], char *) =
          g_strdup(FIELD(o, &sg_train_option_table[i], char *));
  return o;
}

void
sg_train_options_free(SgTrainOptions *o)
{
  if (!o)
    return;
  for (guint i = 0; i < sg_train_option_count; i++)
    if (sg_train_option_table[i].type == SG_OPTION_TEXT)
      g_free(FIELD(o, &sg_train_option_table[i], char *));
  g_free(o);
}

/* ---- setting --------------------------------------------------------------------------------- */

static gboolean
set_int(SgTrainOptions *o, const SgTrainOption *row, const char *value, GError **error)
{
  gint64 v;
  if (!g_ascii_string_to_signed(value, 10, (gint64)row->min, (gint64)row->max, &v, NULL))
    return wrong(error, "%s should be a whole number from %.0f to %.0f, but is “%s”", row->name,
                 row->min, row->max, value);
  FIELD(o, row, int) = (int)v;
  return TRUE;
}

static gboolean
set_real(SgTrainOptions *o, const SgTrainOption *row, const char *value, GError **error)
{
  char *end;
  double v = g_ascii_strtod(value, &end);
  /* strtod also takes leading blanks, hexadecimal numbers, "inf" and "nan". */
  if (strspn(value, "0123456789+-.eE") != strlen(value) || end == value || *end || !isfinite(v) ||
      v < row->min || v > row->max)
    return wrong(error, "%s should be a number from %g to %g, but is “%s”", row->name, row->min,
                 row->max, value);
  FIELD(o, row, double) = v;
  return TRUE;
}

static gboolean
set_bool(SgTrainOptions *o, const SgTrainOption *row, const char *value, GError **error)
{
  static const char *const words[] = {"0", "1", "no", "yes", "false", "true", "off", "on"};
  for (guint i = 0; i < G_N_ELEMENTS(words); i++)
    if (g_ascii_strcasecmp(value, words[i]) == 0) {
      FIELD(o, row, gboolean) = (gboolean)(i % 2);
      return TRUE;
    }
  return wrong(error, "%s should be 0 or 1, but is “%s”", row->name, value);
}

static gboolean
is_device(const char *value)
{
  static const char *const names[] = {"auto", "cpu", "cuda", NULL};
  const char *number = g_str_has_prefix(value, "cuda:") ? value + strlen("cuda:") : "";
  gsize digits = strspn(number, "0123456789");

  return g_strv_contains(names, value) || (digits > 0 && digits < 4 && !number[digits]);
}

/* What a list of words cannot say. */
static gboolean
check_text(const SgTrainOption *row, const char *value, GError **error)
{
  SgAugPipe pipe;

  /* Other bytes could not be written into training_options.json. */
  if (!*value || !g_utf8_validate(value, -1, NULL)) {
    g_autofree char *shown = g_utf8_make_valid(value, -1);
    return wrong(error, "%s should be UTF-8 text that is not empty, but is “%s”", row->name, shown);
  }
  if (row->offset == G_STRUCT_OFFSET(SgTrainOptions, device) && !is_device(value))
    return wrong(error, "device should be auto, cpu, cuda or cuda:N, but is “%s”", value);
  if (row->offset == G_STRUCT_OFFSET(SgTrainOptions, aug_pipe) &&
      !sg_aug_pipe_parse(value, &pipe, NULL))
    return wrong(error,
                 "augpipe should be bgc, or blit, geom, color or bg joined with +, but is “%s”",
                 value);
  return TRUE;
}

static gboolean
set_text(SgTrainOptions *o, const SgTrainOption *row, const char *value, GError **error)
{
  if (!check_text(row, value, error))
    return FALSE;
  if (row->offset == G_STRUCT_OFFSET(SgTrainOptions, metrics)) {
    g_autofree const SgMetric **list = sg_metric_parse(value, error);
    if (!list || !sg_metric_check_weights(list, error))
      return FALSE;
  } else if (row->words && !g_strv_contains(row->words, value)) {
    g_autofree char *words = g_strjoinv(", ", (char **)row->words);
    return wrong(error, "%s should be one of %s, but is “%s”", row->name, words, value);
  }
  g_free(FIELD(o, row, char *));
  FIELD(o, row, char *) = g_strdup(value);
  return TRUE;
}

/* "256x256" as NVlabs' tools have it; what is no square is refused in other words than what is no
 * number. */
static gboolean
set_resolution(SgTrainOptions *o, const SgTrainOption *row, const char *value, GError **error)
{
  const char *x = strpbrk(value, "xX");
  g_autofree char *width = x ? g_strndup(value, (gsize)(x - value)) : NULL;

  if (!x || x == value || strspn(value, "0123456789xX") != strlen(value))
    return set_int(o, row, value, error);
  if (g_str_equal(width, x + 1))
    return set_int(o, row, width, error);
  return wrong(error,
               "resolution should be one number, since the networks that are trained here draw "
               "squares, but is “%s”; \"vitrine dataset --transform=center-crop-wide\" or pad puts "
               "such pictures into squares",
               value);
}

static gboolean
set_row(SgTrainOptions *o, const SgTrainOption *row, const char *value, GError **error)
{
  switch (row->type) {
  case SG_OPTION_INT:
    return row->offset == G_STRUCT_OFFSET(SgTrainOptions, resolution)
               ? set_resolution(o, row, value, error)
               : set_int(o, row, value, error);
  case SG_OPTION_REAL:
    return set_real(o, row, value, error);
  case SG_OPTION_BOOL:
    return set_bool(o, row, value, error);
  case SG_OPTION_SEED:
    if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT64, &FIELD(o, row, guint64), NULL))
      return wrong(error, "%s should be a whole number from 0 to 2^64 - 1, but is “%s”", row->name,
                   value);
    return TRUE;
  default:
    return set_text(o, row, value, error);
  }
}

static gboolean
same_default(const SgTrainOption *row, SgTrainOptions *a, SgTrainOptions *b)
{
  switch (row->type) {
  case SG_OPTION_TEXT:
    return g_strcmp0(FIELD(a, row, char *), FIELD(b, row, char *)) == 0;
  case SG_OPTION_REAL:
    return FIELD(a, row, double) == FIELD(b, row, double);
  case SG_OPTION_SEED:
    return FIELD(a, row, guint64) == FIELD(b, row, guint64);
  default:
    return FIELD(a, row, int) == FIELD(b, row, int);
  }
}

/* Where two presets differ and the user has said nothing the new one's word counts, so that "cfg"
 * may be set last as well as first. */
static void
change_preset(SgTrainOptions *o, int from, int to)
{
  SgTrainOptions a = {0}, b = {0};

  sg_train_preset_defaults((guint)from, &a);
  sg_train_preset_defaults((guint)to, &b);
  for (guint i = 0; i < sg_train_option_count; i++) {
    const SgTrainOption *row = &sg_train_option_table[i];
    if (sg_train_options_is_set(o, row->name) || same_default(row, &a, &b))
      continue;
    if (row->type == SG_OPTION_TEXT) {
      g_free(FIELD(o, row, char *));
      FIELD(o, row, char *) = g_strdup(FIELD(&b, row, char *));
    } else if (row->type == SG_OPTION_REAL) {
      FIELD(o, row, double) = FIELD(&b, row, double);
    } else {
      FIELD(o, row, int) = FIELD(&b, row, int);
    }
  }
}

gboolean
sg_train_options_set(SgTrainOptions *o, const char *name, const char *value, GError **error)
{
  int row = row_of(name), preset = sg_train_preset_find(o->preset);

  /* Both optimisers at once, as NVlabs' --lr. */
  if (g_str_equal(name, "lr"))
    return sg_train_options_set(o, "lr-g", value, error) &&
           sg_train_options_set(o, "lr-d", value, error);
  if (row < 0)
    return wrong(error, "there is no training option “%s”", name);
  if (!set_row(o, &sg_train_option_table[row], value, error))
    return FALSE;
  if (sg_train_option_table[row].offset == G_STRUCT_OFFSET(SgTrainOptions, preset))
    change_preset(o, preset, sg_train_preset_find(value));
  mark_set(o, row);
  return TRUE;
}

gboolean
sg_train_options_fill(SgTrainOptions *o, const char *name, const char *value, GError **error)
{
  int row = row_of(name);

  g_return_val_if_fail(row >= 0, FALSE);
  return set_row(o, &sg_train_option_table[row], value, error);
}

char *
sg_train_options_text(const SgTrainOptions *o, const char *name)
{
  int at = row_of(name);
  const SgTrainOption *row = at >= 0 ? &sg_train_option_table[at] : NULL;

  if (!row)
    return NULL;
  switch (row->type) {
  case SG_OPTION_REAL:
    return sg_number_text(FIELD(o, row, double));
  case SG_OPTION_SEED:
    return g_strdup_printf("%" G_GUINT64_FORMAT, FIELD(o, row, guint64));
  case SG_OPTION_TEXT:
    return g_strdup(FIELD(o, row, char *));
  default:
    return g_strdup_printf("%d", FIELD(o, row, int));
  }
}

#define URI "file://"

char *
sg_train_path_to_text(const char *path)
{
  g_autofree char *whole = NULL;

  if (!path || g_str_has_prefix(path, URI))
    return g_strdup(path);
  whole = g_canonicalize_filename(path, NULL);
  return g_utf8_validate(whole, -1, NULL) ? g_steal_pointer(&whole)
                                          : g_filename_to_uri(whole, NULL, NULL);
}

char *
sg_train_path_from_text(const char *text)
{
  char *path = text && g_str_has_prefix(text, URI) ? g_filename_from_uri(text, NULL, NULL) : NULL;
  return path ? path : g_strdup(text);
}

void
sg_train_options_give(SgTrainOptions *o, const char *name)
{
  int row = row_of(name);
  g_return_if_fail(row >= 0);
  o->given[row / 64] |= (guint64)1 << (row % 64);
}

gboolean
sg_train_options_is_given(const SgTrainOptions *o, const char *name)
{
  int row = row_of(name);
  return row >= 0 && (o->given[row / 64] >> (row % 64)) & 1;
}

/* ---- resolving ------------------------------------------------------------------------------- */

/* The rules of `auto`, for what neither the user nor the preset decided. */
static void
fill_in(SgTrainOptions *o)
{
  int r = o->resolution;

  if (o->channel_base == SG_AUTO_INT)
    o->channel_base = sg_train_auto_channel_base(o->preset, r);
  if (o->batch == SG_AUTO_INT)
    o->batch = sg_train_auto_batch(r);
  if (o->mbstd_group == SG_AUTO_INT)
    o->mbstd_group = MIN(o->batch_gpu > 0 ? MIN(o->batch, o->batch_gpu) : o->batch, 4);
  if (o->lr_g < 0)
    o->lr_g = sg_train_auto_lr(r);
  if (o->lr_d < 0)
    o->lr_d = sg_train_auto_lr(r);
  if (o->r1_gamma < 0)
    o->r1_gamma = sg_train_auto_gamma(r, o->batch);
  if (o->ema_kimg < 0)
    o->ema_kimg = sg_train_auto_ema_kimg(o->batch);
  /* A run that starts from a trained model: ADA may move faster, the EMA needs no ramp-up (C.3,
   * C.4). */
  if (o->resume && !sg_train_options_is_set(o, "ada-kimg"))
    o->ada_kimg = 100;
  if (o->resume && !sg_train_options_is_set(o, "ema-rampup"))
    o->ema_rampup = 0;
  if (!o->name)
    o->name = g_strdup("data");
}

/* As stylegan3's train.py. A group of the minibatch standard deviation is never cut. */
static gboolean
check_rounds(const SgTrainOptions *o, int processes, GError **error)
{
  int group = o->mbstd_channels > 0 ? o->mbstd_group : 1;

  if (o->batch_gpu == 0)
    return TRUE;
  if (o->batch_gpu % group)
    return wrong(error, "batch-gpu should be a multiple of mbstd-group (%d), but is %d", group,
                 o->batch_gpu);
  if (o->batch % o->batch_gpu)
    return wrong(error, "batch should be a multiple of batch-gpu (%d), but is %d", o->batch_gpu,
                 o->batch);
  if (o->batch % (processes * o->batch_gpu))
    return wrong(error,
                 "batch should be a multiple of batch-gpu times the number of processes (%d · %d), "
                 "but is %d",
                 o->batch_gpu, processes, o->batch);
  return TRUE;
}

gboolean
sg_train_options_resolve(SgTrainOptions *o, GError **error)
{
  if (o->resolution < 8 || o->resolution > 1024 || (o->resolution & (o->resolution - 1)))
    return wrong(error, "resolution should be a power of two from 8 to 1024, but is %d",
                 o->resolution);
  if (o->channels != 1 && o->channels != 3)
    return wrong(error, "channels should be 1 or 3, but is %d", o->channels);
  if (o->cond && o->label_dim < 1)
    return wrong(error, "cond needs labels, but the data set %s has none", o->data ? o->data : "");
  if (o->conv_clamp == 0)
    return wrong(error, "conv-clamp should be a positive number, or -1 for none, but is 0");
  fill_in(o);
  if (o->mbstd_group < 1 || o->batch % o->mbstd_group)
    return wrong(error, "batch should be a multiple of mbstd-group (%d), but is %d", o->mbstd_group,
                 o->batch);
  if (!check_rounds(o, 1, error))
    return FALSE;
  if (o->pl_weight > 0 && o->batch / o->pl_batch_shrink < 1)
    return wrong(error, "pl-batch-shrink should be at most the batch (%d), but is %d", o->batch,
                 o->pl_batch_shrink);
  if (o->channel_base / o->resolution < 1)
    return wrong(error, "channel-base should be at least the resolution (%d), but is %d",
                 o->resolution, o->channel_base);
  int last = MIN(o->channel_base / 4, o->channel_max);
  if (o->mbstd_channels > 0 && last % o->mbstd_channels)
    return wrong(error, "mbstd-channels should divide the %d channels at 4×4, but is %d", last,
                 o->mbstd_channels);
  if (g_str_equal(o->aug, "fixed") && !sg_train_options_is_set(o, "p"))
    return wrong(error, "aug=fixed needs p, the probability of an augmentation");
  return TRUE;
}

gboolean
sg_train_options_check_processes(const SgTrainOptions *o, int processes, GError **error)
{
  int each = o->batch / processes, group = o->mbstd_channels > 0 ? o->mbstd_group : 1;

  if (o->batch % processes)
    return wrong(error, "batch should be a multiple of the number of processes (%d), but is %d",
                 processes, o->batch);
  if (each % group)
    return wrong(error,
                 "batch %d leaves each of %d processes %d pictures, which should be a multiple of "
                 "mbstd-group (%d): a batch of %d would do",
                 o->batch, processes, each, group,
                 (o->batch + processes * group - 1) / (processes * group) * processes * group);
  if (o->pl_weight > 0 && o->batch / o->pl_batch_shrink < processes)
    return wrong(error,
                 "pl-batch-shrink should be at most %d, so that each of %d processes has a picture "
                 "for path length, but is %d",
                 each, processes, o->pl_batch_shrink);
  return check_rounds(o, processes, error);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *
value_to_json(const SgTrainOptions *o, const SgTrainOption *row)
{
  const char *text;
  switch (row->type) {
  case SG_OPTION_INT:
    return json_integer(FIELD(o, row, int));
  case SG_OPTION_REAL:
    return json_real(FIELD(o, row, double));
  case SG_OPTION_BOOL:
    return json_boolean(FIELD(o, row, gboolean));
  case SG_OPTION_SEED: { /* JSON's integers are signed */
    char number[32];
    g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, FIELD(o, row, guint64));
    return json_string(number);
  }
  default:
    text = FIELD(o, row, char *);
    return text ? json_string(text) : json_null();
  }
}

char *
sg_train_options_to_json(const SgTrainOptions *o)
{
  json_t *root = json_object();

  for (guint i = 0; i < sg_train_option_count; i++)
    json_object_set_new(root, sg_train_option_table[i].name,
                        value_to_json(o, &sg_train_option_table[i]));
  char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
  char *copy = g_strdup(text);
  free(text);
  json_decref(root);
  return copy;
}

/* A JSON value as the text a user would have written. */
static char *
value_to_text(const json_t *v)
{
  if (json_is_string(v))
    return g_strdup(json_string_value(v));
  if (json_is_integer(v))
    return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
  if (json_is_real(v))
    return sg_number_text(json_real_value(v));
  return json_is_boolean(v) ? g_strdup(json_is_true(v) ? "1" : "0") : NULL;
}

/* A value that resolve() still has to fill in: no user could set it, yet it is what the file
 * says. */
static gboolean
is_open(SgTrainOptions *o, const SgTrainOption *row, const json_t *v)
{
  if (row->type == SG_OPTION_INT)
    return json_is_integer(v) && FIELD(o, row, int) < row->min &&
           json_integer_value(v) == FIELD(o, row, int);
  return row->type == SG_OPTION_REAL && json_is_number(v) && FIELD(o, row, double) < row->min &&
         json_number_value(v) == FIELD(o, row, double);
}

static gboolean
set_from_json(SgTrainOptions *o, json_t *root, GError **error)
{
  const char *key;
  json_t *v;
  json_object_foreach (root, key, v) {
    g_autofree char *text = value_to_text(v);
    int row = row_of(key);
    const SgTrainOption *known = row >= 0 ? &sg_train_option_table[row] : NULL;
    if (known && ((json_is_null(v) && known->type == SG_OPTION_TEXT) || is_open(o, known, v)))
      continue;
    if (!text)
      return wrong(error, "“%s” is neither a number nor a text", key);
    if (!sg_train_options_set(o, key, text, error))
      return FALSE;
  }
  return TRUE;
}

SgTrainOptions *
sg_train_options_from_json(const char *name, const char *json, GError **error)
{
  json_error_t why;
  json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, &why);
  const char *preset = root ? json_string_value(json_object_get(root, "cfg")) : NULL;
  g_autoptr(SgTrainOptions) o = NULL;

  if (!json_is_object(root))
    wrong(error, "training options should be a JSON object, but %s",
          root ? "are something else" : why.text);
  else if ((o = sg_train_options_new(preset ? preset : "auto", error)) &&
           !set_from_json(o, root, error))
    g_clear_pointer(&o, sg_train_options_free);
  json_decref(root);
  if (!o)
    g_prefix_error(error, "%s: ", name);
  return g_steal_pointer(&o);
}
