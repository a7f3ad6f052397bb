#include "engine/examine/examine-private.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

#define SCAN_BATCH 8

void
sg_examine_options_init(SgExamineOptions *o)
{
  *o = (SgExamineOptions){.references = 32, .steps = 100, .tries = 3, .scan = 1000, .label = -1};
}

/* ---- life ------------------------------------------------------------------------------------ */

static SgDataset *
open_set(const SgExamination *e, int most, guint64 seed, GError **error)
{
  const SgDatasetOptions options = {.resolution = e->model->info.img_resolution,
                                    .channels = e->model->info.img_channels,
                                    .max_images = (guint)most,
                                    .drawn = TRUE,
                                    .subset_seed = seed};

  return sg_dataset_open(e->data, &options, error);
}

static gboolean
open_data(SgExamination *e, GError **error)
{
  if (!e->data)
    return TRUE;
  /* Twice as many: some may have a good header and nothing behind it. */
  if (!(e->real = open_set(e, 2 * e->o.references, e->o.seed, error)))
    return FALSE;
  e->n_real = MIN(e->o.references, (int)e->real->n);
  e->real_names = g_new0(char *, e->n_real + 1);
  if (e->o.scan <= 0)
    return TRUE;
  return (e->scan = open_set(e, e->o.scan, e->o.seed + 1, error)) != NULL;
}

static gboolean
allocate(SgExamination *e, GError **error)
{
  gsize n = (gsize)sg_examination_references(e);
  gsize bins = (gsize)sg_spectrum_bins(e->model->info.img_resolution);

  e->pixels = g_try_malloc_n(n, e->size);
  e->features = e->describer
                    ? g_try_malloc_n(n * (gsize)sg_describer_count(e->describer), sizeof(float))
                    : NULL;
  e->logits = g_new0(double, n *SG_TREATMENTS);
  e->distances = g_new0(double, n);
  e->nearest = g_new0(double, n);
  e->profiles = g_new0(double, n *SG_TREATMENTS *bins);
  if (e->pixels && (!e->describer || e->features))
    return TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for %d pictures", (int)n);
  return FALSE;
}

/* Networks whose gradients are not known have no projection; everything else of them is. */
static gboolean
open_projection(SgExamination *e, GError **error)
{
  SgProjectionOptions o;
  GError *why = NULL;

  if (e->o.steps < 2)
    return TRUE;
  sg_projection_options_init(&o, e->o.steps, e->model->info.has_d);
  o.label = e->model->info.c_dim > 0 ? MAX(0, e->o.label) : -1;
  if ((e->projection = sg_projection_new(e->model, e->backend, &o, &why)))
    return TRUE;
  if (sg_is_shortage(why)) {
    g_propagate_error(error, why);
    return FALSE;
  }
  e->absence[SG_WITNESS_DISTANCE] = g_strdup(why->message);
  g_error_free(why);
  return TRUE;
}

SgExamination *
sg_examination_new(SgModel *model, const SgExamineOptions *o, GError **error)
{
  g_autoptr(SgExamination) e = g_new0(SgExamination, 1);
  const SgModelInfo *info = &model->info;

  if (!sg_info_require_square(info, "examining a picture", error))
    return NULL;
  e->model = sg_model_ref(model);
  e->o = *o;
  e->o.label = info->c_dim > 0 ? CLAMP(o->label, 0, info->c_dim - 1) : -1;
  e->o.data = e->data = g_strdup(o->data);
  e->o.cache = e->cache = g_strdup(o->cache);
  e->size = (gsize)info->img_channels * (gsize)info->img_resolution * (gsize)info->img_resolution;
  e->n_generated = o->references;
  e->subjects = g_ptr_array_new_with_free_func((GDestroyNotify)sg_subject_free);
  return open_data(e, error) ? g_steal_pointer(&e) : NULL;
}

/* Gives back what is not needed once all is measured, on the thread that computes. */
static void
close_networks(SgExamination *e)
{
  g_clear_pointer(&e->describer, sg_describer_free);
  g_clear_pointer(&e->projection, sg_projection_free);
  g_clear_pointer(&e->real, sg_dataset_free);
  g_clear_pointer(&e->scan, sg_dataset_free);
  g_clear_pointer(&e->features, g_free);
}

void
sg_examination_free(SgExamination *e)
{
  if (!e)
    return;
  for (int w = 0; w < SG_WITNESSES; w++) {
    sg_evidence_free(e->evidence[w]);
    g_free(e->absence[w]);
  }
  sg_discriminant_free(e->discriminant);
  close_networks(e);
  g_strfreev(e->real_names);
  g_free(e->pixels);
  g_free(e->logits);
  g_free(e->distances);
  g_free(e->nearest);
  g_free(e->profiles);
  g_ptr_array_unref(e->subjects);
  g_free(e->data);
  g_free(e->cache);
  sg_model_unref(e->model);
  g_free(e);
}

void
sg_examination_add(SgExamination *e, const char *path)
{
  g_return_if_fail(e->phase == SG_PHASE_OPEN);
  g_ptr_array_add(e->subjects, sg_subject_new(path));
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* A phase has so many parts; the next one begins when they are done. */
static void
advance(SgExamination *e, int parts)
{
  if (++e->at < parts)
    return;
  e->phase++;
  e->at = 0;
  e->projecting = FALSE;
}

static gboolean
read_next(SgExamination *e, GError **error)
{
  int n = (int)e->subjects->len;

  if (e->at < n && !sg_subject_read(e, e->subjects->pdata[e->at], error))
    return FALSE;
  e->done++;
  advance(e, n);
  return TRUE;
}

static gboolean
reference_next(SgExamination *e, GError **error)
{
  if (!sg_examine_reference(e, error))
    return FALSE;
  advance(e, sg_examination_references(e));
  return TRUE;
}

/* A picture of the data set against all references, but itself, and all pictures. */
static void
meet(SgExamination *e, const float *features, const guint8 *planes, const char *name)
{
  gsize count = (gsize)sg_describer_count(e->describer);

  for (int i = 0; i < sg_examination_references(e); i++) {
    if (i >= e->n_generated && g_str_equal(e->real_names[i - e->n_generated], name))
      continue;
    double d = sg_describer_distance(e->describer, e->features + (gsize)i * count, features);
    e->nearest[i] = MIN(e->nearest[i], d);
  }
  for (guint i = 0; i < e->subjects->len; i++)
    sg_subject_meet(e, e->subjects->pdata[i], features, planes, name);
  e->scanned++;
}

static gboolean
scan_next(SgExamination *e, GError **error)
{
  guint n = e->scan ? e->scan->n : 0, first = (guint)e->at * SCAN_BATCH;
  g_autofree guint8 *planes = g_malloc(e->size);
  g_autofree float *features = e->describer ? g_new(float, sg_describer_count(e->describer)) : NULL;

  for (guint i = first; i < MIN(n, first + SCAN_BATCH); i++) {
    if (sg_dataset_read(e->scan, i, planes, NULL)) {
      g_autofree char *name = sg_dataset_picture_name(e->scan, i);
      if (!sg_describer_run(e->describer, 1, planes, features, error))
        return FALSE;
      meet(e, features, planes, name);
    }
    e->done++;
  }
  advance(e, (int)((n + SCAN_BATCH - 1) / SCAN_BATCH));
  return TRUE;
}

static guint8 *
reference_picture(SgExamination *e, int i, gpointer data, GError **error)
{
  return g_memdup2(e->pixels + (gsize)i * e->size, e->size);
}

static gboolean
project_next(SgExamination *e, GError **error)
{
  gboolean done = TRUE;

  if (e->projection && !e->projecting) {
    e->work = (SgProjecting){.n = sg_examination_references(e), .out = e->distances};
    e->projecting = TRUE;
    done = sg_examine_load(e);
  } else if (e->projection) {
    if (!sg_examine_project(e, reference_picture, NULL, &done, error))
      return FALSE;
    if (done)
      sg_examine_keep(e);
  }
  if (!done)
    return TRUE;
  sg_examine_weigh(e);
  advance(e, 1);
  return TRUE;
}

static guint8 *
face_of(const SgExamination *e)
{
  const float *picture = sg_projection_picture(e->projection, 0);
  guint8 *planes = g_malloc(e->size);

  for (gsize i = 0; i < e->size; i++)
    planes[i] = (guint8)CLAMP((double)picture[i] * 127.5 + 128, 0, 255);
  return planes;
}

/* Numbers without a projection, then the projections, one slice at a time; *done: all are there. */
static gboolean
judge(SgExamination *e, SgSubject *s, gboolean *done, GError **error)
{
  *done = !e->projection;
  if (!e->projecting) {
    e->projecting = TRUE;
    e->work = (SgProjecting){.n = s->variants, .out = s->projected};
    return sg_subject_measure(e, s, error);
  }
  if (!sg_examine_project(e, sg_subject_variant, s, done, error))
    return FALSE;
  if (e->work.improved) {
    g_free(s->out.face);
    s->out.face = face_of(e);
  }
  for (int i = 0; *done && i < s->variants; i++)
    sg_subject_set(s, SG_WITNESS_DISTANCE, i, s->projected[i]);
  return TRUE;
}

static gboolean
judge_next(SgExamination *e, GError **error)
{
  int n = (int)e->subjects->len;
  SgSubject *s = e->at < n ? e->subjects->pdata[e->at] : NULL;
  gboolean done = TRUE;

  if (s && s->variants > 0 && !judge(e, s, &done, error))
    return FALSE;
  if (!done)
    return TRUE;
  if (s && s->variants > 0)
    sg_subject_ask(e, s);
  e->projecting = FALSE;
  advance(e, n);
  return TRUE;
}

static gboolean
open_networks(SgExamination *e, GError **error)
{
  e->backend = sg_renderer_backend(e->renderer);
  if ((e->scan && !(e->describer = sg_describer_new(e->model, e->backend, error))) ||
      !open_projection(e, error) || !allocate(e, error))
    return FALSE;
  advance(e, 1);
  return TRUE;
}

gboolean
sg_examination_step(SgExamination *e, SgRenderer *r, GError **error)
{
  static gboolean (*const next[SG_PHASE_DONE])(SgExamination *, GError **) = {
      open_networks, read_next, reference_next, scan_next, project_next, judge_next};

  if (e->phase == SG_PHASE_DONE)
    return TRUE;
  if (sg_renderer_model(r) != e->model || (e->renderer && e->renderer != r))
    return sg_unsupported(error,
                          "the model's weights or the device have changed meanwhile; examine "
                          "the picture again");
  e->renderer = r;
  if (!next[e->phase](e, error))
    return FALSE;
  if (e->phase == SG_PHASE_DONE)
    close_networks(e);
  return TRUE;
}

gboolean
sg_examination_is_done(const SgExamination *e)
{
  return e->phase == SG_PHASE_DONE;
}

void
sg_examination_progress(const SgExamination *e, gint64 *done, gint64 *total)
{
  gint64 references = sg_examination_references(e), pictures = 0, variants = 0;

  for (guint bits = e->o.stress; bits; bits &= bits - 1)
    variants++;

  for (guint i = 0; i < e->subjects->len; i++) {
    const SgSubject *s = e->subjects->pdata[i];
    pictures += e->phase <= SG_PHASE_READ ? 1 + variants : s->variants;
  }
  gint64 projected = (e->cached ? 0 : references) + pictures;
  *done = e->done;
  *total = e->phase == SG_PHASE_DONE
               ? e->done
               : (gint64)e->subjects->len + references + (e->scan ? e->scan->n : 0) +
                     (e->absence[SG_WITNESS_DISTANCE] ? 0 : projected * e->o.steps * e->o.tries);
}

/* ---- results --------------------------------------------------------------------------------- */

const SgExamineOptions *
sg_examination_options(const SgExamination *e)
{
  return &e->o;
}

SgModel *
sg_examination_model(const SgExamination *e)
{
  return e->model;
}

guint
sg_examination_count(const SgExamination *e)
{
  return e->subjects->len;
}

const SgExamined *
sg_examination_get(const SgExamination *e, guint i)
{
  return &((const SgSubject *)e->subjects->pdata[i])->out;
}

const SgEvidence *
sg_examination_evidence(const SgExamination *e, SgWitness w)
{
  return e->evidence[w];
}

const char *
sg_examination_absence(const SgExamination *e, SgWitness w)
{
  return e->absence[w];
}

const guint8 *
sg_examination_reference(const SgExamination *e, gboolean real, int i)
{
  g_return_val_if_fail(i >= 0 && i < (real ? e->n_real : e->n_generated), NULL);
  return e->pixels + (gsize)(real ? e->n_generated + i : i) * e->size;
}

int
sg_examination_scanned(const SgExamination *e)
{
  return e->scanned;
}

gboolean
sg_examination_was_cached(const SgExamination *e)
{
  return e->cached;
}

static void
append_quoted(GString *s, const char *option, const char *value)
{
  g_autofree char *quoted = g_shell_quote(value);

  g_string_append_printf(s, " %s%s", option, quoted);
}

static void
append_stress(GString *s, guint stress)
{
  const char *before = " --stress=";

  for (guint k = 0; k < SG_STRESS_COUNT; k++)
    if (stress & 1u << k) {
      g_autofree char *name = sg_damage_name(&sg_stress[k]);
      g_string_append_printf(s, "%s%s", before, name);
      before = ",";
    }
}

char *
sg_examination_command(const SgExamination *e)
{
  GString *s = g_string_new("vitrine examine");

  append_quoted(s, "--network=", e->model->path);
  if (e->data)
    append_quoted(s, "--data=", e->data);
  g_string_append_printf(
      s, " --references=%d --steps=%d --tries=%d --scan=%d --seed=%" G_GUINT64_FORMAT,
      e->o.references, e->o.steps, e->o.tries, e->o.scan, e->o.seed);
  if (e->o.label >= 0)
    g_string_append_printf(s, " --class=%d", e->o.label);
  append_stress(s, e->o.stress);
  for (guint i = 0; i < e->subjects->len; i++)
    append_quoted(s, "", sg_examination_get(e, i)->path);
  return g_string_free(s, FALSE);
}
