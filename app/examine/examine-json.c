/* The report as numbers. */
#include <jansson.h>
#include <math.h>
#include "app/examine/examine-report.h"
#include "app/examine/examine-words.h"
#include "engine/base/visible.h"

static json_t *
text(const char *s)
{
  g_autofree char *valid = s ? sg_valid(s) : NULL;
  return valid ? json_string(valid) : json_null();
}

static json_t *
number(double v)
{
  return isfinite(v) ? json_real(v) : json_null();
}

static json_t *
numbers(int n, const double *v)
{
  json_t *list = json_array();

  for (int i = 0; i < n; i++)
    json_array_append_new(list, number(v[i]));
  return list;
}

/* "LIKE_REAL" as "like real": stable, in English. */
static const char *
reason_id(SgReason r)
{
  static const char *const ids[] = {"not measured",
                                    "plain",
                                    "no real references",
                                    "references do not separate",
                                    "like both",
                                    "like damaged real ones",
                                    "like neither",
                                    "like generated",
                                    "like real",
                                    "copy",
                                    "no copy"};
  return ids[r];
}

static const char *
verdict_id(SgVerdict v)
{
  static const char *const ids[] = {"cannot tell", "fits", "does not fit"};
  return ids[v];
}

static json_t *
witness_json(const SgExamination *e, SgWitness w)
{
  const SgEvidence *v = sg_examination_evidence(e, w);

  if (!v)
    return json_pack("{s:s, s:o}", "name", sg_witness_id(w), "absent",
                     text(sg_examination_absence(e, w)));
  return json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:b, s:o, s:o}", "name", sg_witness_id(w),
                   "generated_have", v->high ? "larger numbers" : "smaller numbers", "treatments",
                   v->treatments, "auc", number(v->auc), "auc_low", number(v->low), "auc_high",
                   number(v->high_auc), "separate", v->separate, "real",
                   numbers(v->n_real * v->treatments, v->real), "generated",
                   numbers(v->n_generated * v->treatments, v->generated));
}

static json_t *
stress_json(const SgExamined *x, SgWitness w)
{
  json_t *o = json_object();

  for (int i = 0; i < SG_STRESS_COUNT; i++) {
    g_autofree char *name = sg_damage_name(&sg_stress[i]);
    json_object_set_new(o, name, number(x->stressed[w][i]));
  }
  return o;
}

static json_t *
testimony_json(const SgExamination *e, const SgExamined *x, SgWitness w)
{
  const SgTestimony *t = &x->testimony[w];
  json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", sg_witness_id(w), "verdict",
                        verdict_id(t->verdict), "reason", reason_id(t->reason), "value",
                        number(x->value[w]), "p_generated", number(t->p_generated), "p_real",
                        number(t->p_real));

  if (sg_examination_options(e)->stress)
    json_object_set_new(o, "stress", stress_json(x, w));
  return o;
}

static json_t *
provenance_json(const SgExamined *x)
{
  const SgProvenance *p = &x->provenance;
  json_t *tables = json_array();

  for (int i = 0; i < p->tables; i++) {
    json_t *one = json_array();
    for (int k = 0; k < 64; k++)
      json_array_append_new(one, json_integer(p->table[i][k]));
    json_array_append_new(tables, one);
  }
  return json_pack("{s:o, s:b, s:b, s:b, s:b, s:o, s:o, s:b, s:o, s:b, s:i, s:o}", "kind",
                   text(p->kind), "exif", p->has_exif, "xmp", p->has_xmp, "iptc", p->has_iptc,
                   "c2pa_present", p->has_c2pa, "digital_source_type", text(p->source_type),
                   "creator_tool", text(p->creator_tool), "recipe", p->has_recipe, "recipe_model",
                   text(x->recipe_hash), "recipe_draws_these_pixels", x->redrawn, "jpeg_quality",
                   p->quality, "jpeg_tables", tables);
}

static json_t *
picture_json(const SgExamination *e, const SgExamined *x)
{
  if (x->error)
    return json_pack("{s:o, s:o}", "file", text(x->path), "error", text(x->error));
  json_t *witnesses = json_array(), *nearest = json_array();
  for (int w = 0; w < SG_WITNESSES; w++)
    json_array_append_new(witnesses, testimony_json(e, x, (SgWitness)w));
  for (int i = 0; i < x->n_nearest; i++)
    json_array_append_new(nearest, json_pack("{s:o, s:f}", "picture", text(x->nearest[i].name),
                                             "distance", x->nearest[i].distance));
  return json_pack("{s:o, s:s, s:i, s:i, s:b, s:b, s:o, s:o, s:o}", "file", text(x->path), "sha256",
                   x->sha256, "width", x->width, "height", x->height, "enlarged", x->enlarged,
                   "one_colour", x->plain, "provenance", provenance_json(x), "witnesses", witnesses,
                   "nearest", nearest);
}

static json_t *
options_json(const SgExamination *e)
{
  const SgExamineOptions *o = sg_examination_options(e);

  return json_pack("{s:i, s:i, s:i, s:i, s:i, s:I, s:b}", "references", o->references, "steps",
                   o->steps, "tries", o->tries, "scanned", sg_examination_scanned(e), "class",
                   o->label, "seed", (json_int_t)o->seed, "cached", sg_examination_was_cached(e));
}

char *
vitrine_examine_json(const SgExamination *e)
{
  const SgModel *model = sg_examination_model(e);
  json_t *witnesses = json_array(), *pictures = json_array(), *limits = json_array();
  g_autofree char *command = sg_examination_command(e);

  for (int w = 0; w < SG_WITNESSES; w++)
    json_array_append_new(witnesses, witness_json(e, (SgWitness)w));
  for (guint i = 0; i < sg_examination_count(e); i++)
    json_array_append_new(pictures, picture_json(e, sg_examination_get(e, i)));
  for (const char *const *l = vitrine_examine_limits(); *l; l++)
    json_array_append_new(limits, json_string(*l));
  json_t *root = json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "network", text(model->path),
                           "model_hash", model->hash, "data", text(sg_examination_options(e)->data),
                           "command", text(command), "options", options_json(e), "witnesses",
                           witnesses, "pictures", pictures, "cannot_know", limits);
  char *out = json_dumps(root, JSON_INDENT(2));

  json_decref(root);
  return out;
}
