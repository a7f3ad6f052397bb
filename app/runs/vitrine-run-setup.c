#include "app/runs/vitrine-run-setup.h"
#include "app/work/vitrine-devices.h"
#include "engine/record/changes.h"
#include <glib/gi18n.h>

struct _VitrineRunSetup {
  GObject parent_instance;
  GHashTable *given; /* name -> text */
  GHashTable *wrong; /* name -> why what was tried last cannot be */
  int resolution, channels, label_dim;
  gboolean has_cuda; /* as far as is known: devices are looked for by a worker */
  VitrineRunOrigin origin;
  char *origin_path, *origin_json;
};

G_DEFINE_FINAL_TYPE(VitrineRunSetup, vitrine_run_setup, G_TYPE_OBJECT)

static guint changed_signal;

const SgTrainOption *
vitrine_run_option_find(const char *name)
{
  for (guint i = 0; i < sg_train_option_count; i++)
    if (g_str_equal(sg_train_option_table[i].name, name))
      return &sg_train_option_table[i];
  return NULL;
}

/* ---- options --------------------------------------------------------------------------------- */

static SgTrainOptions *
base_options(VitrineRunSetup *self, GError **error)
{
  const char *preset = g_hash_table_lookup(self->given, "cfg");

  if (self->origin == VITRINE_FROM_RUN && self->origin_json)
    return sg_train_options_from_json(self->origin_path, self->origin_json, error);
  if (!preset)
    preset = self->origin == VITRINE_FROM_MODEL ? "auto" : vitrine_run_setup_default_preset(self);
  return sg_train_options_new(preset, error);
}

const char *
vitrine_run_setup_default_preset(VitrineRunSetup *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN_SETUP(self), NULL);
  return sg_train_preset_default(g_hash_table_lookup(self->given, "device"), self->has_cuda);
}

/* With everything set that may be, not resolved. */
static SgTrainOptions *
options(VitrineRunSetup *self, GError **error)
{
  g_autoptr(SgTrainOptions) o = base_options(self, error);
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init(&iter, self->given);
  while (o && g_hash_table_iter_next(&iter, &name, &value))
    if (vitrine_run_setup_may_change(self, name) && !sg_train_options_set(o, name, value, error))
      return NULL;
  if (!o)
    return NULL;
  if (self->origin != VITRINE_FROM_RUN && self->origin_path &&
      !sg_train_options_set(o, "resume", self->origin_path, error))
    return NULL;
  if (!o->resolution)
    o->resolution = self->resolution;
  if (!o->channels)
    o->channels = self->channels;
  if (!o->label_dim)
    o->label_dim = o->cond ? self->label_dim : 0;
  return g_steal_pointer(&o);
}

gboolean
vitrine_run_setup_set(VitrineRunSetup *self, const char *name, const char *value, GError **error)
{
  g_return_val_if_fail(VITRINE_IS_RUN_SETUP(self), FALSE);
  g_autofree char *text = value ? g_strstrip(g_strdup(value)) : g_strdup("");
  const char *old = g_hash_table_lookup(self->given, name);

  if (g_strcmp0(old ? old : "", text) == 0 && !g_hash_table_contains(self->wrong, name))
    return TRUE;
  g_autoptr(GError) why = NULL;
  g_autoptr(SgTrainOptions) o = sg_train_options_new("auto", NULL);
  if (*text && !sg_train_options_set(o, name, text, &why)) {
    g_hash_table_insert(self->wrong, g_strdup(name), g_strdup(why->message));
    g_propagate_error(error, g_steal_pointer(&why));
    g_signal_emit(self, changed_signal, 0);
    return FALSE;
  }
  g_hash_table_remove(self->wrong, name);
  if (*text)
    g_hash_table_insert(self->given, g_strdup(name), g_steal_pointer(&text));
  else
    g_hash_table_remove(self->given, name);
  g_signal_emit(self, changed_signal, 0);
  return TRUE;
}

const char *
vitrine_run_setup_get(VitrineRunSetup *self, const char *name)
{
  g_return_val_if_fail(VITRINE_IS_RUN_SETUP(self), NULL);
  return g_hash_table_lookup(self->given, name);
}

gboolean
vitrine_run_setup_is_wrong(VitrineRunSetup *self, const char *name)
{
  g_return_val_if_fail(VITRINE_IS_RUN_SETUP(self), FALSE);
  return g_hash_table_contains(self->wrong, name);
}

static char *
field_text(const SgTrainOptions *o, const SgTrainOption *row)
{
  gconstpointer field = (const char *)o + row->offset;

  switch (row->type) {
  case SG_OPTION_REAL:
    return *(const double *)field < row->min ? NULL
                                             : g_strdup_printf("%.6g", *(const double *)field);
  case SG_OPTION_SEED:
    return g_strdup_printf("%" G_GUINT64_FORMAT, *(const guint64 *)field);
  case SG_OPTION_TEXT:
    return g_strdup(*(char *const *)field);
  default:
    return *(const int *)field < row->min ? NULL : g_strdup_printf("%d", *(const int *)field);
  }
}

char *
vitrine_run_setup_effective(VitrineRunSetup *self, const char *name)
{
  g_return_val_if_fail(VITRINE_IS_RUN_SETUP(self), NULL);
  const SgTrainOption *row = vitrine_run_option_find(name);
  g_autoptr(SgTrainOptions) o = options(self, NULL);

  if (!row || !o)
    return NULL;
  sg_train_options_resolve(o, NULL); /* what it cannot fill in stays open, and says so */
  return field_text(o, row);
}

gboolean
vitrine_run_setup_may_change(VitrineRunSetup *self, const char *name)
{
  g_return_val_if_fail(VITRINE_IS_RUN_SETUP(self), FALSE);
  return self->origin != VITRINE_FROM_RUN || g_strv_contains(sg_change_resumable, name);
}

/* ---- data and origin ------------------------------------------------------------------------- */

void
vitrine_run_setup_set_found(VitrineRunSetup *self, int resolution, int channels, int label_dim)
{
  g_return_if_fail(VITRINE_IS_RUN_SETUP(self));
  self->resolution = resolution;
  self->channels = channels;
  self->label_dim = label_dim;
  g_signal_emit(self, changed_signal, 0);
}

gboolean
vitrine_run_setup_set_origin(VitrineRunSetup *self, VitrineRunOrigin origin, const char *path,
                             const char *json, GError **error)
{
  g_return_val_if_fail(VITRINE_IS_RUN_SETUP(self), FALSE);
  if (origin == VITRINE_FROM_RUN && path) {
    g_autoptr(SgTrainOptions) o = sg_train_options_from_json(path, json ? json : "", error);
    if (!o)
      return FALSE;
  }
  self->origin = origin;
  g_free(self->origin_path);
  self->origin_path = g_strdup(path);
  g_free(self->origin_json);
  self->origin_json = g_strdup(json);
  g_signal_emit(self, changed_signal, 0);
  return TRUE;
}

VitrineRunOrigin
vitrine_run_setup_get_origin(VitrineRunSetup *self)
{
  return self->origin;
}

const char *
vitrine_run_setup_get_origin_path(VitrineRunSetup *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN_SETUP(self), NULL);
  return self->origin_path;
}

/* ---- the whole ------------------------------------------------------------------------------- */

char *
vitrine_run_setup_problem(VitrineRunSetup *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN_SETUP(self), NULL);
  g_autoptr(GError) error = NULL;
  GHashTableIter iter;
  gpointer why;

  if (self->origin == VITRINE_FROM_RUN && !self->origin_path)
    return g_strdup(_("Choose the run to go on with."));
  if (self->origin == VITRINE_FROM_MODEL && !self->origin_path)
    return g_strdup(_("Choose the model to start from."));
  if (self->origin != VITRINE_FROM_RUN && !g_hash_table_contains(self->given, "data"))
    return g_strdup(_("Choose the pictures to learn from."));
  if (self->origin != VITRINE_FROM_RUN && !g_hash_table_contains(self->given, "outdir"))
    return g_strdup(_("Choose a folder for the run."));
  g_hash_table_iter_init(&iter, self->wrong);
  if (g_hash_table_iter_next(&iter, NULL, &why))
    return g_strdup(why);
  g_autoptr(SgTrainOptions) o = options(self, &error);
  if (o && o->resolution)
    sg_train_options_resolve(o, &error);
  return error ? g_strdup(error->message) : NULL;
}

char **
vitrine_run_setup_argv(VitrineRunSetup *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN_SETUP(self), NULL);
  g_autoptr(GStrvBuilder) argv = g_strv_builder_new();

  /* In the table's order, so that the same wishes give the same line. */
  for (guint i = 0; i < sg_train_option_count; i++) {
    const char *name = sg_train_option_table[i].name;
    const char *value = g_hash_table_lookup(self->given, name);
    if (!value || !vitrine_run_setup_may_change(self, name))
      continue;
    g_autofree char *word = g_strdup_printf("--%s=%s", name, value);
    g_strv_builder_add(argv, word);
  }
  if (self->origin_path) {
    g_autofree char *word = g_strdup_printf("--resume=%s", self->origin_path);
    g_strv_builder_add(argv, word);
  }
  return g_strv_builder_end(argv);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
vitrine_run_setup_finalize(GObject *object)
{
  VitrineRunSetup *self = VITRINE_RUN_SETUP(object);

  g_hash_table_unref(self->given);
  g_hash_table_unref(self->wrong);
  g_free(self->origin_path);
  g_free(self->origin_json);
  G_OBJECT_CLASS(vitrine_run_setup_parent_class)->finalize(object);
}

static void
vitrine_run_setup_class_init(VitrineRunSetupClass *class)
{
  G_OBJECT_CLASS(class)->finalize = vitrine_run_setup_finalize;
  changed_signal = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
}

static void
looked_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineRunSetup *self = VITRINE_RUN_SETUP(source);
  g_autofree char *why_none = NULL;
  g_autoptr(GPtrArray) devices = vitrine_devices_look_finish(result, &why_none);

  if (devices->len == 0)
    return;
  self->has_cuda = TRUE;
  g_signal_emit(self, changed_signal, 0);
}

static void
vitrine_run_setup_init(VitrineRunSetup *self)
{
  self->given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  self->wrong = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  vitrine_devices_look(G_OBJECT(self), looked_cb);
}

VitrineRunSetup *
vitrine_run_setup_new(void)
{
  return g_object_new(VITRINE_TYPE_RUN_SETUP, NULL);
}
