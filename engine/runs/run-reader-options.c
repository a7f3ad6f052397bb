/* training_options.json, of `vitrine train` and of NVlabs' train.py. */
#include "engine/runs/run-reader-private.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE  (4 * 1024 * 1024)
#define MAX_TEXTS 1000
#define MAX_DEPTH 8

static void
add_text(GHashTable *texts, const char *name, json_t *value)
{
  char *text = json_is_string(value)
                   ? g_strdup(json_string_value(value))
                   : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));

  if (!text || g_hash_table_size(texts) >= MAX_TEXTS) {
    free(text);
    return;
  }
  g_hash_table_insert(texts, g_strdup(name), g_strndup(text, 4096));
  free(text);
}

/* {"loss_kwargs": {"r1_gamma": 1}} -> "loss_kwargs.r1_gamma". */
static void
flatten(GHashTable *texts, const char *prefix, json_t *object, int depth)
{
  const char *key;
  json_t *value;

  json_object_foreach (object, key, value) {
    g_autofree char *name = *prefix ? g_strconcat(prefix, ".", key, NULL) : g_strdup(key);
    if (json_is_object(value) && json_object_size(value) > 0 && depth < MAX_DEPTH)
      flatten(texts, name, value, depth + 1);
    else
      add_text(texts, name, value);
  }
}

static double
number(const json_t *root, const char *name, double otherwise)
{
  const json_t *v = json_object_get(root, name);
  return json_is_number(v) && isfinite(json_number_value(v)) ? json_number_value(v) : otherwise;
}

static int
count(const json_t *root, const char *name)
{
  double v = number(root, name, 0);
  return v > 0 && v <= G_MAXINT ? (int)v : 0;
}

static char *
text(const json_t *root, const char *name)
{
  const char *s = json_string_value(json_object_get(root, name));
  return s ? g_utf8_make_valid(s, -1) : NULL;
}

static void
take_ours(SgRunOptions *o, const json_t *root)
{
  o->total_kimg = number(root, "kimg", NAN);
  o->tick_kimg = number(root, "tick", NAN);
  o->batch = count(root, "batch");
  o->resolution = count(root, "resolution");
  o->snap = count(root, "snap");
  o->keep = count(root, "keep");
  o->data = text(root, "data");
  o->aug = text(root, "aug");
}

static void
take_foreign(SgRunOptions *o, const json_t *root)
{
  const json_t *set = json_object_get(root, "training_set_kwargs");

  o->total_kimg = number(root, "total_kimg", NAN);
  o->tick_kimg = number(root, "kimg_per_tick", NAN);
  o->batch = count(root, "batch_size");
  o->resolution = count(set, "resolution");
  o->snap = count(root, "network_snapshot_ticks");
  o->images = count(set, "max_size");
  o->data = text(set, "path");
  o->aug = g_strdup(json_is_number(json_object_get(root, "ada_target")) ? "ada" : NULL);
}

SgRunOptions *
sg_run_options_read(const char *path)
{
  SgRunOptions *o = g_new0(SgRunOptions, 1);
  g_autofree char *json = sg_run_log_head(path, MAX_FILE);
  json_t *root = json ? json_loads(json, 0, NULL) : NULL;

  o->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  o->total_kimg = o->tick_kimg = NAN;
  if (json_is_object(root)) {
    o->known = TRUE;
    /* Names of ours that theirs do not have, and the other way round. */
    o->ours = json_object_get(root, "z-dim") || json_object_get(root, "outdir");
    if (json_object_get(root, "training_set_kwargs"))
      o->ours = FALSE;
    if (o->ours)
      take_ours(o, root);
    else
      take_foreign(o, root);
    flatten(o->texts, "", root, 0);
  }
  json_decref(root);
  return o;
}

void
sg_run_options_free(SgRunOptions *o)
{
  if (!o)
    return;
  g_hash_table_unref(o->texts);
  g_free(o->data);
  g_free(o->aug);
  g_free(o);
}
