#include "app/explore/vitrine-labelling.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "app/explore/vitrine-label-files.h"

/* An AUC that may be less than this is worth a word. */
#define BY_CHANCE 0.6

struct _VitrineLabelling {
  GObject parent_instance;
  VitrineShelf *shelf; /* NULL: closed */
  char *key;           /* of the model whose faces these are */
  char *name;
  GHashTable *labels; /* seed -> VitrineLabel, of those that have one */
  GHashTable *shown;  /* seeds that were proposed */
  guint32 page[VITRINE_LABELLING_PAGE];
  guint n_page;
  GPtrArray *history; /* of Step */
  GArray *curve;      /* of VitrineLabellingPoint */

  SgFewFaces *faces; /* NULL: not yet */
  SgFewFit *fit;     /* of the newest labels that were learnt from; NULL: nothing */
  GCancellable *cancellable;
  gboolean busy, again, page_waits;
  char *trouble; /* why nothing can be learnt */
};

enum { PROP_0, PROP_NAME };

static guint changed_signal, page_changed_signal;

G_DEFINE_FINAL_TYPE(VitrineLabelling, vitrine_labelling, G_TYPE_OBJECT)

static void learn(VitrineLabelling *self);

static void
changed(VitrineLabelling *self)
{
  g_signal_emit(self, changed_signal, 0);
}

/* ---- labels and their history ------------------------------------------------------------ */

typedef struct {
  guint32 seed;
  VitrineLabel had;
} Change;

typedef struct {
  GArray *changes;         /* of Change */
  VitrineDirection *added; /* or NULL */
} Step;

static void
step_free(gpointer data)
{
  Step *step = data;

  g_array_unref(step->changes);
  g_clear_object(&step->added);
  g_free(step);
}

static Step *
step_new(VitrineLabelling *self)
{
  Step *step = g_new0(Step, 1);

  step->changes = g_array_new(FALSE, FALSE, sizeof(Change));
  g_ptr_array_add(self->history, step);
  return step;
}

static gpointer
key_of(guint32 seed)
{
  return GUINT_TO_POINTER(seed);
}

VitrineLabel
vitrine_labelling_get(VitrineLabelling *self, guint32 seed)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), VITRINE_LABEL_NONE);
  gpointer label;

  return g_hash_table_lookup_extended(self->labels, key_of(seed), NULL, &label)
             ? (VitrineLabel)GPOINTER_TO_INT(label)
             : VITRINE_LABEL_NONE;
}

static void
put(VitrineLabelling *self, guint32 seed, VitrineLabel label)
{
  if (label == VITRINE_LABEL_NONE)
    g_hash_table_remove(self->labels, key_of(seed));
  else
    g_hash_table_insert(self->labels, key_of(seed), GINT_TO_POINTER(label));
}

/* Puts it and notes in `step` what was there before. */
static void
change(VitrineLabelling *self, Step *step, guint32 seed, VitrineLabel label)
{
  const Change was = {seed, vitrine_labelling_get(self, seed)};

  if (was.had == label)
    return;
  g_array_append_val(step->changes, was);
  put(self, seed, label);
}

static void
keep(VitrineLabelling *self)
{
  if (self->key)
    vitrine_label_files_keep(self->key, self->name, self->labels);
}

static void
labels_changed(VitrineLabelling *self)
{
  keep(self);
  changed(self);
  learn(self);
}

/* Drops a step that changed nothing. */
static void
end_step(VitrineLabelling *self, Step *step)
{
  if (step->changes->len > 0)
    labels_changed(self);
  else
    g_ptr_array_remove(self->history, step);
}

void
vitrine_labelling_set(VitrineLabelling *self, gsize n, const guint32 *seeds, VitrineLabel label)
{
  g_return_if_fail(VITRINE_IS_LABELLING(self));
  Step *step = step_new(self);

  for (gsize i = 0; i < n; i++)
    change(self, step, seeds[i], label);
  end_step(self, step);
}

guint
vitrine_labelling_count(VitrineLabelling *self, VitrineLabel label)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), 0);
  GHashTableIter iter;
  gpointer had;
  guint n = 0;

  g_hash_table_iter_init(&iter, self->labels);
  while (g_hash_table_iter_next(&iter, NULL, &had))
    n += GPOINTER_TO_INT(had) == (int)label;
  return n;
}

static void
remove_all(VitrineLabelling *self, Step *step)
{
  g_autofree gpointer *seeds = NULL;
  guint n;

  seeds = g_hash_table_get_keys_as_array(self->labels, &n);
  for (guint i = 0; i < n; i++)
    change(self, step, GPOINTER_TO_UINT(seeds[i]), VITRINE_LABEL_NONE);
  g_array_set_size(self->curve, 0);
}

void
vitrine_labelling_start_over(VitrineLabelling *self)
{
  g_return_if_fail(VITRINE_IS_LABELLING(self));
  Step *step = step_new(self);

  remove_all(self, step);
  g_hash_table_remove_all(self->shown);
  end_step(self, step);
  vitrine_labelling_next_page(self);
}

gboolean
vitrine_labelling_undo(VitrineLabelling *self)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), FALSE);
  if (self->history->len == 0)
    return FALSE;
  Step *step = g_ptr_array_steal_index(self->history, self->history->len - 1);
  gboolean was_added = step->added != NULL;

  for (guint i = step->changes->len; i > 0; i--) {
    const Change *c = &g_array_index(step->changes, Change, i - 1);
    put(self, c->seed, c->had);
  }
  if (was_added) {
    vitrine_direction_set_strength(step->added, 0);
    vitrine_shelf_remove(self->shelf, step->added);
  }
  step_free(step);
  if (was_added)
    changed(self);
  else
    labels_changed(self);
  return TRUE;
}

gboolean
vitrine_labelling_can_undo(VitrineLabelling *self)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), FALSE);
  return self->history->len > 0;
}

const char *
vitrine_labelling_get_name(VitrineLabelling *self)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), NULL);
  return self->name;
}

void
vitrine_labelling_set_name(VitrineLabelling *self, const char *name)
{
  g_return_if_fail(VITRINE_IS_LABELLING(self));
  if (g_strcmp0(self->name, name) == 0)
    return;
  g_free(self->name);
  self->name = g_strdup(name);
  keep(self);
  g_object_notify(G_OBJECT(self), "name");
}

/* ---- pages ------------------------------------------------------------------------------- */

const guint32 *
vitrine_labelling_get_page(VitrineLabelling *self, guint *n)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), NULL);
  *n = self->n_page;
  return self->page;
}

static void
propose(VitrineLabelling *self)
{
  int faces = self->faces ? self->faces->n : VITRINE_SAMPLE_FACES;
  g_autofree guint8 *taken = g_new0(guint8, faces);
  GHashTableIter iter;
  gpointer seed;

  self->page_waits = FALSE;
  g_hash_table_iter_init(&iter, self->labels);
  while (g_hash_table_iter_next(&iter, &seed, NULL))
    if (GPOINTER_TO_UINT(seed) < (guint)faces)
      taken[GPOINTER_TO_UINT(seed)] = 1;
  g_hash_table_iter_init(&iter, self->shown);
  while (g_hash_table_iter_next(&iter, &seed, NULL))
    if (GPOINTER_TO_UINT(seed) < (guint)faces)
      taken[GPOINTER_TO_UINT(seed)] = 1;
  self->n_page = (guint)sg_few_next(faces, self->fit ? self->fit->decision : NULL, taken,
                                    VITRINE_LABELLING_PAGE, self->page);
  for (guint i = 0; i < self->n_page; i++)
    g_hash_table_add(self->shown, key_of(self->page[i]));
  g_signal_emit(self, page_changed_signal, 0);
}

void
vitrine_labelling_next_page(VitrineLabelling *self)
{
  g_return_if_fail(VITRINE_IS_LABELLING(self));
  if (self->busy)
    self->page_waits = TRUE;
  else
    propose(self);
}

/* ---- learning ---------------------------------------------------------------------------- */

typedef struct {
  VitrineSample *sample;
  SgFewFaces *faces; /* a reference; NULL: to be made */
  GArray *seeds;     /* of guint32 */
  GByteArray *label;
} Lesson;

typedef struct {
  SgFewFaces *faces;
  SgFewFit *fit; /* NULL: of one kind only, or none */
  char *error;
} Learnt;

static void
lesson_free(gpointer data)
{
  Lesson *l = data;

  vitrine_sample_unref(l->sample);
  sg_few_faces_unref(l->faces);
  g_array_unref(l->seeds);
  g_byte_array_unref(l->label);
  g_free(l);
}

static void
learnt_free(gpointer data)
{
  Learnt *l = data;

  sg_few_faces_unref(l->faces);
  sg_few_fit_free(l->fit);
  g_free(l->error);
  g_free(l);
}

static void
learn_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Lesson *l = data;
  Learnt *out = g_new0(Learnt, 1);
  g_autoptr(GError) error = NULL;

  if (l->faces)
    out->faces = sg_few_faces_ref(l->faces);
  else {
    const SgPca *pca = vitrine_sample_pca(l->sample, 1, &error);
    if (pca)
      out->faces = sg_few_faces_new(pca, l->sample->moments, l->sample->n, l->sample->w);
  }
  if (out->faces)
    out->fit = sg_few_fit(out->faces, l->seeds->len, (const guint32 *)(gpointer)l->seeds->data,
                          l->label->data, &error);
  if (error)
    out->error = g_strdup(error->message);
  g_task_return_pointer(task, out, learnt_free);
}

/* One point for each number of labels; what was taken back goes. */
static void
note_point(VitrineLabelling *self)
{
  const SgFewFit *fit = self->fit;
  double labels = g_hash_table_size(self->labels);

  while (self->curve->len > 0 &&
         g_array_index(self->curve, VitrineLabellingPoint, self->curve->len - 1).labels >= labels)
    g_array_set_size(self->curve, self->curve->len - 1);
  if (!fit || fit->folds == 0)
    return;
  const VitrineLabellingPoint point = {labels, fit->judgement.auc,
                                       fit->judgement.auc_sd / sqrt(fit->folds)};
  g_array_append_val(self->curve, point);
}

static void
learnt_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineLabelling *self = VITRINE_LABELLING(source);
  Learnt *found = g_task_propagate_pointer(G_TASK(result), NULL);

  if (!found) /* closed */
    return;
  self->busy = FALSE;
  if (!self->faces && found->faces)
    self->faces = sg_few_faces_ref(found->faces);
  g_free(self->trouble);
  self->trouble = g_steal_pointer(&found->error);
  if (!self->again) {
    sg_few_fit_free(self->fit);
    self->fit = g_steal_pointer(&found->fit);
    note_point(self);
  }
  learnt_free(found);
  if (self->again)
    learn(self);
  else if (self->page_waits)
    propose(self);
  changed(self);
}

static void
learn(VitrineLabelling *self)
{
  VitrineSample *sample = self->shelf ? vitrine_shelf_get_sample(self->shelf) : NULL;

  self->again = self->busy;
  if (self->busy || !sample)
    return;
  Lesson *l = g_new0(Lesson, 1);
  l->sample = vitrine_sample_ref(sample);
  l->faces = self->faces ? sg_few_faces_ref(self->faces) : NULL;
  l->seeds = g_array_new(FALSE, FALSE, sizeof(guint32));
  l->label = g_byte_array_new();
  g_autoptr(GArray) seeds = vitrine_label_files_seeds(self->labels);
  for (guint i = 0; i < seeds->len; i++) {
    guint32 seed = g_array_index(seeds, guint32, i);
    guint8 has = vitrine_labelling_get(self, seed) == VITRINE_LABEL_YES;
    if (seed >= (guint32)sample->n)
      continue;
    g_array_append_val(l->seeds, seed);
    g_byte_array_append(l->label, &has, 1);
  }
  self->busy = TRUE;
  g_autoptr(GTask) task = g_task_new(self, self->cancellable, learnt_cb, NULL);
  g_task_set_task_data(task, l, lesson_free);
  g_task_run_in_thread(task, learn_thread);
}

/* Of other weights, perhaps: what was found in the old ones is of no use. */
static void
sampled_cb(VitrineLabelling *self)
{
  g_clear_pointer(&self->faces, sg_few_faces_unref);
  learn(self);
}

gboolean
vitrine_labelling_is_idle(VitrineLabelling *self)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), TRUE);
  return !self->busy && (self->faces || self->trouble);
}

const GArray *
vitrine_labelling_get_curve(VitrineLabelling *self)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), NULL);
  return self->curve;
}

/* ---- what it says ------------------------------------------------------------------------ */

static gboolean
enough(VitrineLabelling *self, guint *yes, guint *no)
{
  *yes = vitrine_labelling_count(self, VITRINE_LABEL_YES);
  *no = vitrine_labelling_count(self, VITRINE_LABEL_NO);
  return *yes + *no >= SG_FEW_LABELS && MIN(*yes, *no) >= SG_FEW_LABELS_EACH;
}

gboolean
vitrine_labelling_is_ready(VitrineLabelling *self)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), FALSE);
  guint yes, no;

  return enough(self, &yes, &no) && !self->busy && self->fit && self->fit->nonzero > 0;
}

static char *
describe_judgement(VitrineLabelling *self, guint yes, guint no)
{
  const VitrineLabellingPoint *p =
      self->curve->len ? &g_array_index(self->curve, VitrineLabellingPoint, self->curve->len - 1)
                       : NULL;

  if (self->fit && self->fit->nonzero == 0)
    return g_strdup_printf(_("%d labels (%d with it, %d without), but nothing that the network "
                             "hears tells them apart."),
                           yes + no, yes, no);
  if (p && p->auc - p->error < BY_CHANCE)
    return g_strdup_printf(_("%d labels (%d with it, %d without), told apart hardly better than by "
                             "chance: more labels may help."),
                           yes + no, yes, no);
  return g_strdup_printf(_("%d labels (%d with it, %d without): a direction can be made."),
                         yes + no, yes, no);
}

char *
vitrine_labelling_describe(VitrineLabelling *self)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), NULL);
  guint yes, no;

  if (self->trouble)
    return g_strdup(self->trouble);
  if (enough(self, &yes, &no))
    return describe_judgement(self, yes, no);
  if (yes + no == 0)
    return g_strdup_printf(_("Mark faces that have it and faces that do not. From %d labels on "
                             "there is a direction."),
                           SG_FEW_LABELS);
  if (yes == 0)
    return g_strdup_printf(_("%d labels, all without it: there is nothing to tell apart before "
                             "some faces have it."),
                           no);
  if (no == 0)
    return g_strdup_printf(_("%d labels, all with it: there is nothing to tell apart before some "
                             "faces do not have it."),
                           yes);
  if (yes + no >= SG_FEW_LABELS)
    return g_strdup_printf(_("%d with it, %d without: at least %d of each kind are needed."), yes,
                           no, SG_FEW_LABELS_EACH);
  return g_strdup_printf(_("%d of %d labels: %d with it, %d without."), yes + no, SG_FEW_LABELS,
                         yes, no);
}

/* ---- the direction ----------------------------------------------------------------------- */

VitrineDirection *
vitrine_labelling_add_direction(VitrineLabelling *self)
{
  g_return_val_if_fail(VITRINE_IS_LABELLING(self), NULL);
  if (!vitrine_labelling_is_ready(self))
    return NULL;
  g_autofree char *name = g_strstrip(g_strdup(self->name));
  SgNamedDirection *facts =
      sg_few_direction(self->faces, self->fit, *name ? name : _("My attribute"));
  if (!facts)
    return NULL;
  facts->model = g_strdup(self->key);
  Step *step = step_new(self);
  step->added = g_object_ref(vitrine_shelf_add(self->shelf, facts, FALSE));
  changed(self);
  return step->added;
}

/* ---- files ------------------------------------------------------------------------------- */

void
vitrine_labelling_export(VitrineLabelling *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_LABELLING(self));
  VitrineSession *session = vitrine_shelf_get_session(self->shelf);
  g_autoptr(GBytes) bytes = vitrine_label_files_to_csv(self->name, self->labels);

  vitrine_saver_save_bytes(vitrine_session_get_saver(session), bytes, file);
}

static void
imported_cb(char *taken, GHashTable *labels, const char *error, gpointer data)
{
  g_autoptr(VitrineLabelling) self = data;
  g_autofree char *name = taken;
  GHashTableIter iter;
  gpointer seed, label;

  if (!self->shelf) /* closed meanwhile */
    return;
  if (error) {
    vitrine_session_error(vitrine_shelf_get_session(self->shelf), _("Labels could not be read"),
                          error);
    return;
  }
  Step *step = step_new(self);
  remove_all(self, step);
  g_hash_table_iter_init(&iter, labels);
  while (g_hash_table_iter_next(&iter, &seed, &label))
    change(self, step, GPOINTER_TO_UINT(seed), (VitrineLabel)GPOINTER_TO_INT(label));
  if (!*self->name)
    vitrine_labelling_set_name(self, name);
  end_step(self, step);
  vitrine_labelling_next_page(self);
}

void
vitrine_labelling_import(VitrineLabelling *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_LABELLING(self));
  vitrine_label_files_read_csv(file, imported_cb, g_object_ref(self));
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_labelling_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_NAME)
    g_value_set_string(value, VITRINE_LABELLING(object)->name);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
vitrine_labelling_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_NAME)
    vitrine_labelling_set_name(VITRINE_LABELLING(object), g_value_get_string(value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void
vitrine_labelling_close(VitrineLabelling *self)
{
  g_return_if_fail(VITRINE_IS_LABELLING(self));
  if (!self->shelf)
    return;
  g_cancellable_cancel(self->cancellable);
  g_signal_handlers_disconnect_by_data(self->shelf, self);
  g_clear_object(&self->shelf);
}

static void
vitrine_labelling_dispose(GObject *object)
{
  vitrine_labelling_close(VITRINE_LABELLING(object));
  G_OBJECT_CLASS(vitrine_labelling_parent_class)->dispose(object);
}

static void
vitrine_labelling_finalize(GObject *object)
{
  VitrineLabelling *self = VITRINE_LABELLING(object);

  g_free(self->key);
  g_free(self->name);
  g_free(self->trouble);
  g_hash_table_unref(self->labels);
  g_hash_table_unref(self->shown);
  g_ptr_array_unref(self->history);
  g_array_unref(self->curve);
  sg_few_faces_unref(self->faces);
  sg_few_fit_free(self->fit);
  g_object_unref(self->cancellable);
  G_OBJECT_CLASS(vitrine_labelling_parent_class)->finalize(object);
}

static void
vitrine_labelling_class_init(VitrineLabellingClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GType type = G_TYPE_FROM_CLASS(class);

  object_class->get_property = vitrine_labelling_get_property;
  object_class->set_property = vitrine_labelling_set_property;
  object_class->dispose = vitrine_labelling_dispose;
  object_class->finalize = vitrine_labelling_finalize;
  g_object_class_install_property(
      object_class, PROP_NAME,
      g_param_spec_string("name", NULL, NULL, "",
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY));
  changed_signal =
      g_signal_new("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  page_changed_signal =
      g_signal_new("page-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_labelling_init(VitrineLabelling *self)
{
  self->labels = g_hash_table_new(NULL, NULL);
  self->shown = g_hash_table_new(NULL, NULL);
  self->history = g_ptr_array_new_with_free_func(step_free);
  self->curve = g_array_new(FALSE, FALSE, sizeof(VitrineLabellingPoint));
  self->cancellable = g_cancellable_new();
  self->name = g_strdup("");
}

VitrineLabelling *
vitrine_labelling_new(VitrineShelf *shelf)
{
  g_return_val_if_fail(VITRINE_IS_SHELF(shelf), NULL);
  VitrineLabelling *self = g_object_new(VITRINE_TYPE_LABELLING, NULL);

  self->shelf = g_object_ref(shelf);
  self->key = g_strdup(vitrine_shelf_get_key(shelf));
  if (self->key) {
    g_free(self->name);
    self->name = vitrine_label_files_load(self->key, self->labels);
  }
  g_signal_connect_object(shelf, "sampled", G_CALLBACK(sampled_cb), self, G_CONNECT_SWAPPED);
  learn(self);
  vitrine_labelling_next_page(self);
  return self;
}
