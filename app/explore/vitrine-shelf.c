#include "app/explore/vitrine-shelf.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "app/session/vitrine-store.h"
#include "app/explore/vitrine-direction-exchange.h"

struct _VitrineShelf {
  GObject parent_instance;
  VitrineSession *session;
  GListStore *lists[VITRINE_N_DIRECTION_GROUPS];
  char *key;  /* whose the person's own directions are; NULL: no model is open */
  char *hash; /* of the weights that the components are of */
  int w_dim;
  gboolean looked_at, cancelled;
  GCancellable *cancellable; /* of workers that are busy with this model */

  VitrineComponents kind;
  SgDirectionSet *components[VITRINE_N_COMPONENTS];
  VitrineSample *sample; /* worked on */
  VitrineTaskClass class;
  guint task;
  gboolean working; /* a worker has a sample */
  double progress, reach;
  char *trouble;
};

enum { PROP_0, PROP_PROGRESS, PROP_TROUBLE, PROP_COMPONENTS, PROP_REACH, N_PROPS };

static GParamSpec *props[N_PROPS];
static guint sampled_signal;

G_DEFINE_FINAL_TYPE(VitrineShelf, vitrine_shelf, G_TYPE_OBJECT)

static void
notify(VitrineShelf *self, int prop)
{
  g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
}

static void
set_progress(VitrineShelf *self, double progress)
{
  self->progress = progress;
  notify(self, PROP_PROGRESS);
}

static void
set_trouble(VitrineShelf *self, const char *trouble)
{
  g_free(self->trouble);
  self->trouble = g_strdup(trouble);
  notify(self, PROP_TROUBLE);
}

/* ---- the lists --------------------------------------------------------------------------- */

static int
falling(double x, double y)
{
  return isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x < y) - (x > y);
}

/* The pinned first, then what the network hears most of; components have their own order. */
static int
in_order(gconstpointer a, gconstpointer b, gpointer data)
{
  VitrineDirection *x = VITRINE_DIRECTION((gpointer)a), *y = VITRINE_DIRECTION((gpointer)b);
  int pinned = vitrine_direction_get_pinned(y) - vitrine_direction_get_pinned(x);

  if (pinned)
    return pinned;
  if (vitrine_direction_get_group(x) == VITRINE_DIRECTION_COMPONENT)
    return falling(vitrine_direction_get_facts(x)->share, vitrine_direction_get_facts(y)->share);
  return falling(vitrine_direction_get_heard(x), vitrine_direction_get_heard(y));
}

static void
sort(VitrineShelf *self, VitrineDirectionGroup group)
{
  g_list_store_sort(self->lists[group], in_order, NULL);
}

static void
hear(VitrineShelf *self, VitrineDirection *direction)
{
  const SgNamedDirection *d = vitrine_direction_get_facts(direction);
  g_autofree double *one = g_new(double, self->w_dim);

  if (!self->sample)
    return;
  for (int i = 0; i < self->w_dim; i++)
    one[i] = d->sigma * d->vector[i];
  vitrine_direction_set_heard(direction, vitrine_sample_heard(self->sample, one));
}

static gboolean
is_pinned(VitrineShelf *self, const char *name)
{
  json_t *root = vitrine_store_load("directions");
  json_t *pins = json_object_get(json_object_get(root, self->key), "pinned"), *one;
  gboolean found = FALSE;
  size_t i;

  json_array_foreach (pins, i, one)
    found |= g_strcmp0(json_string_value(one), name) == 0;
  json_decref(root);
  return found;
}

/* Takes `facts`. */
static VitrineDirection *
append(VitrineShelf *self, VitrineDirectionGroup group, SgNamedDirection *facts, gboolean foreign)
{
  g_autoptr(VitrineDirection) d = vitrine_direction_new(vitrine_session_get_editor(self->session),
                                                        group, self->w_dim, facts, foreign);

  hear(self, d);
  vitrine_direction_set_pinned(d, is_pinned(self, facts->name));
  g_list_store_append(self->lists[group], d);
  return d;
}

static void
show_set(VitrineShelf *self, VitrineDirectionGroup group, const SgDirectionSet *set)
{
  g_list_store_remove_all(self->lists[group]);
  for (guint i = 0; set && i < set->list->len; i++) {
    SgNamedDirection *d = sg_named_direction_copy(set->list->pdata[i], self->w_dim);
    gboolean foreign = d->model && !g_str_equal(d->model, self->key);
    append(self, group, d, group == VITRINE_DIRECTION_YOURS && foreign);
  }
  sort(self, group);
}

static void
show_components(VitrineShelf *self)
{
  show_set(self, VITRINE_DIRECTION_COMPONENT, self->components[self->kind]);
}

/* ---- the sample -------------------------------------------------------------------------- */

static void
worked_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(VitrineShelf) self = data;
  g_autoptr(VitrineComponentSets) found = vitrine_sample_work_finish(result);

  if (!found) /* another model is open */
    return;
  self->working = FALSE;
  set_progress(self, -1);
  set_trouble(self, found->error);
  gboolean new_ones = found->sets[self->kind] != NULL;
  for (int kind = 0; kind < VITRINE_N_COMPONENTS; kind++)
    if (found->sets[kind]) {
      sg_direction_set_free(self->components[kind]);
      self->components[kind] = g_steal_pointer(&found->sets[kind]);
    }
  for (int group = 0; group < VITRINE_DIRECTION_COMPONENT; group++) {
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self->lists[group])); i++) {
      g_autoptr(VitrineDirection) d = g_list_model_get_item(G_LIST_MODEL(self->lists[group]), i);
      hear(self, d);
    }
    sort(self, group);
  }
  if (new_ones)
    show_components(self);
  g_signal_emit(self, sampled_signal, 0);
}

static void
news_cb(gpointer news, gboolean finished, gpointer user_data)
{
  VitrineShelf *self = user_data;
  VitrineSampleNews *n = news;

  if (finished) {
    self->task = 0;
    return;
  }
  if (n->error) {
    set_trouble(self, n->error);
    set_progress(self, -1);
    self->cancelled = TRUE; /* it would only fail again */
    return;
  }
  set_progress(self, 0.9 * n->done / VITRINE_SAMPLE_FACES);
  if (!n->sample)
    return;
  g_clear_pointer(&self->sample, vitrine_sample_unref);
  self->sample = vitrine_sample_ref(n->sample);
  self->working = TRUE;
  gboolean known = TRUE; /* from the cache */
  for (int kind = 0; kind < VITRINE_N_COMPONENTS; kind++)
    known &= self->components[kind] && g_str_equal(self->components[kind]->model, self->hash);
  vitrine_sample_work(self->sample, self->hash, !known, self->cancellable, worked_cb,
                      g_object_ref(self));
}

static void
stop(VitrineShelf *self)
{
  if (!self->task)
    return;
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  set_progress(self, -1);
}

static void
sample_if_needed(VitrineShelf *self)
{
  if (!self->key || !self->looked_at || self->cancelled || self->sample || self->task)
    return;
  self->task = vitrine_view_start_task(vitrine_session_get_view(self->session), &self->class,
                                       vitrine_sample_job_new(), self);
  set_progress(self, 0);
}

void
vitrine_shelf_look(VitrineShelf *self, gboolean look)
{
  g_return_if_fail(VITRINE_IS_SHELF(self));
  self->looked_at = look;
  if (look)
    sample_if_needed(self);
  else
    stop(self);
}

void
vitrine_shelf_cancel(VitrineShelf *self)
{
  g_return_if_fail(VITRINE_IS_SHELF(self));
  self->cancelled = TRUE;
  stop(self);
}

/* ---- models ------------------------------------------------------------------------------ */

typedef struct {
  char *key, *hash;
  int w_dim;
} Reading;

static void
reading_free(gpointer data)
{
  Reading *r = data;

  g_free(r->key);
  g_free(r->hash);
  g_free(r);
}

static void
read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Reading *r = data;

  g_task_return_pointer(task, vitrine_direction_files_read(r->key, r->hash, r->w_dim),
                        (GDestroyNotify)vitrine_direction_files_free);
}

static void
read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineShelf *self = VITRINE_SHELF(source);
  g_autoptr(VitrineDirectionFiles) files = g_task_propagate_pointer(G_TASK(result), NULL);

  if (!files)
    return;
  show_set(self, VITRINE_DIRECTION_YOURS, files->yours);
  show_set(self, VITRINE_DIRECTION_ATTRIBUTE, files->attributes);
  for (int kind = 0; kind < VITRINE_N_COMPONENTS; kind++)
    if (!self->components[kind])
      self->components[kind] = g_steal_pointer(&files->components[kind]);
  show_components(self);
  if (files->warning)
    vitrine_session_error(self->session, _("Directions could not be read"), files->warning);
  sample_if_needed(self);
}

static void
forget(VitrineShelf *self)
{
  stop(self);
  g_cancellable_cancel(self->cancellable);
  g_clear_object(&self->cancellable);
  self->working = self->cancelled = FALSE;
  g_clear_pointer(&self->sample, vitrine_sample_unref);
  for (int kind = 0; kind < VITRINE_N_COMPONENTS; kind++)
    g_clear_pointer(&self->components[kind], sg_direction_set_free);
  g_clear_pointer(&self->key, g_free);
  g_clear_pointer(&self->hash, g_free);
}

static void
model_changed_cb(VitrineShelf *self)
{
  const SgModel *model = vitrine_session_get_model(self->session);
  const char *key = vitrine_favourites_get_key(vitrine_session_get_favourites(self->session));

  self->task = 0; /* another model ends all tasks */
  forget(self);
  for (int group = 0; group < VITRINE_N_DIRECTION_GROUPS; group++)
    g_list_store_remove_all(self->lists[group]);
  set_trouble(self, NULL);
  set_progress(self, -1);
  self->cancellable = g_cancellable_new();
  if (!model || !model->hash)
    return;
  self->hash = g_strdup(model->hash);
  self->key = g_strdup(key ? key : model->hash);
  self->w_dim = model->info.w_dim;
  g_autoptr(GTask) task = g_task_new(self, self->cancellable, read_cb, NULL);
  Reading *r = g_new0(Reading, 1);
  *r = (Reading){g_strdup(self->key), g_strdup(self->hash), self->w_dim};
  g_task_set_task_data(task, r, reading_free);
  g_task_run_in_thread(task, read_thread);
}

/* Newer weights of a training: what was found in the older ones stays in the lists until it has
 * been looked for again. */
static void
weights_changed_cb(VitrineShelf *self)
{
  const SgModel *model = vitrine_session_get_model(self->session);

  if (!self->hash || self->task || self->working || g_strcmp0(model->hash, self->hash) == 0)
    return;
  g_free(self->hash);
  self->hash = g_strdup(model->hash);
  g_clear_pointer(&self->sample, vitrine_sample_unref);
  sample_if_needed(self);
}

/* ---- how far the face lies --------------------------------------------------------------- */

static void
picture_cb(VitrineShelf *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  const double *base = vitrine_view_get_base(vitrine_session_get_view(self->session), SG_SPACE_W);
  double reach = -1;

  if (recipe && base && self->sample && !self->working && self->sample->gauge &&
      recipe->w_dim == self->w_dim) {
    int layers = sg_recipe_has_layers(recipe) ? self->sample->num_ws : 1;
    g_autofree double *w = g_new(double, self->w_dim);
    for (int k = 0; k < layers; k++) {
      memcpy(w, base, (gsize)self->w_dim * sizeof *w);
      sg_recipe_edit_w(recipe, k, w);
      reach = MAX(reach, sg_gauge_percentile(self->sample->gauge, w));
    }
  }
  if (reach == self->reach)
    return;
  self->reach = reach;
  notify(self, PROP_REACH);
}

/* ---- what is there ----------------------------------------------------------------------- */

GListModel *
vitrine_shelf_get_list(VitrineShelf *self, VitrineDirectionGroup group)
{
  g_return_val_if_fail(VITRINE_IS_SHELF(self), NULL);
  return G_LIST_MODEL(self->lists[group]);
}

VitrineSample *
vitrine_shelf_get_sample(VitrineShelf *self)
{
  g_return_val_if_fail(VITRINE_IS_SHELF(self), NULL);
  return self->working ? NULL : self->sample;
}

const char *
vitrine_shelf_get_key(VitrineShelf *self)
{
  g_return_val_if_fail(VITRINE_IS_SHELF(self), NULL);
  return self->key;
}

VitrineSession *
vitrine_shelf_get_session(VitrineShelf *self)
{
  g_return_val_if_fail(VITRINE_IS_SHELF(self), NULL);
  return self->session;
}

/* ---- what the person does ---------------------------------------------------------------- */

void
vitrine_shelf_keep(VitrineShelf *self)
{
  g_return_if_fail(VITRINE_IS_SHELF(self));

  if (self->key)
    vitrine_direction_exchange_keep(self);
}

void
vitrine_shelf_set_pinned(VitrineShelf *self, VitrineDirection *direction, gboolean pinned)
{
  g_return_if_fail(VITRINE_IS_SHELF(self));
  json_t *root = vitrine_store_load("directions"), *names = json_array();

  vitrine_direction_set_pinned(direction, pinned);
  for (int group = 0; group < VITRINE_N_DIRECTION_GROUPS; group++)
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self->lists[group])); i++) {
      g_autoptr(VitrineDirection) d = g_list_model_get_item(G_LIST_MODEL(self->lists[group]), i);
      if (vitrine_direction_get_pinned(d))
        json_array_append_new(names, json_string(vitrine_direction_get_name(d)));
    }
  json_object_set_new(root, self->key, json_pack("{s:o}", "pinned", names));
  vitrine_store_save("directions", root);
  json_decref(root);
  sort(self, vitrine_direction_get_group(direction));
}

static gboolean
has_name(VitrineShelf *self, const char *name)
{
  GListModel *yours = G_LIST_MODEL(self->lists[VITRINE_DIRECTION_YOURS]);

  for (guint i = 0; i < g_list_model_get_n_items(yours); i++) {
    g_autoptr(VitrineDirection) d = g_list_model_get_item(yours, i);
    if (g_str_equal(vitrine_direction_get_name(d), name))
      return TRUE;
  }
  return FALSE;
}

VitrineDirection *
vitrine_shelf_add(VitrineShelf *self, SgNamedDirection *facts, gboolean foreign)
{
  g_return_val_if_fail(VITRINE_IS_SHELF(self), NULL);
  g_autofree char *name = g_strdup(facts->name);

  for (int i = 2; has_name(self, facts->name); i++) {
    g_free(facts->name);
    facts->name = g_strdup_printf("%s %d", name, i);
  }
  VitrineDirection *d = append(self, VITRINE_DIRECTION_YOURS, facts, foreign);
  sort(self, VITRINE_DIRECTION_YOURS);
  vitrine_shelf_keep(self);
  return d;
}

/* A direction that was taken away, for undo. */
typedef struct {
  GWeakRef shelf;
  char *key; /* whose it is */
  SgNamedDirection *facts;
  int w_dim;
  gboolean foreign;
} Removal;

static void
removal_free(gpointer data)
{
  Removal *r = data;

  g_weak_ref_clear(&r->shelf);
  sg_named_direction_free(r->facts);
  g_free(r->key);
  g_free(r);
}

static void
take_away(VitrineShelf *self, const char *name)
{
  GListModel *yours = G_LIST_MODEL(self->lists[VITRINE_DIRECTION_YOURS]);

  for (guint i = 0; i < g_list_model_get_n_items(yours); i++) {
    g_autoptr(VitrineDirection) d = g_list_model_get_item(yours, i);
    if (g_str_equal(vitrine_direction_get_name(d), name)) {
      g_list_store_remove(self->lists[VITRINE_DIRECTION_YOURS], i);
      break;
    }
  }
  vitrine_shelf_keep(self);
}

static void
turn_removal(gpointer data, gboolean back)
{
  Removal *r = data;
  g_autoptr(VitrineShelf) self = g_weak_ref_get(&r->shelf);

  if (!self || g_strcmp0(self->key, r->key) != 0)
    return;
  if (back)
    vitrine_shelf_add(self, sg_named_direction_copy(r->facts, r->w_dim), r->foreign);
  else
    take_away(self, r->facts->name);
}

void
vitrine_shelf_remove(VitrineShelf *self, VitrineDirection *direction)
{
  g_return_if_fail(VITRINE_IS_SHELF(self));
  VitrineEditor *editor = vitrine_session_get_editor(self->session);
  const SgRecipe *recipe = vitrine_editor_get_recipe(editor);
  const SgNamedDirection *facts = vitrine_direction_get_facts(direction);

  if (!g_list_store_find(self->lists[VITRINE_DIRECTION_YOURS], direction, NULL) || !recipe)
    return;
  Removal *r = g_new0(Removal, 1);
  g_weak_ref_init(&r->shelf, self);
  r->key = g_strdup(self->key);
  r->w_dim = self->w_dim;
  r->facts = sg_named_direction_copy(facts, self->w_dim);
  r->foreign = vitrine_direction_is_foreign(direction);
  g_autofree char *label = g_strdup_printf(_("Delete “%s”"), facts->name);
  SgRecipe *without = vitrine_direction_apply(direction, recipe, 0);
  take_away(self, r->facts->name);
  vitrine_editor_apply_deed(editor, without ? without : sg_recipe_copy(recipe), label, turn_removal,
                            r, removal_free);
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_shelf_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineShelf *self = VITRINE_SHELF(object);

  switch (id) {
  case PROP_PROGRESS:
    g_value_set_double(value, self->progress);
    break;
  case PROP_TROUBLE:
    g_value_set_string(value, self->trouble);
    break;
  case PROP_COMPONENTS:
    g_value_set_int(value, (int)self->kind);
    break;
  case PROP_REACH:
    g_value_set_double(value, self->reach);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void
vitrine_shelf_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VitrineShelf *self = VITRINE_SHELF(object);

  if (id != PROP_COMPONENTS) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  if ((int)self->kind == g_value_get_int(value))
    return;
  self->kind = (VitrineComponents)g_value_get_int(value);
  show_components(self);
  notify(self, PROP_COMPONENTS);
}

static void
vitrine_shelf_dispose(GObject *object)
{
  VitrineShelf *self = VITRINE_SHELF(object);

  if (self->session)
    forget(self);
  g_clear_object(&self->session);
  for (int group = 0; group < VITRINE_N_DIRECTION_GROUPS; group++)
    g_clear_object(&self->lists[group]);
  g_clear_pointer(&self->trouble, g_free);
  G_OBJECT_CLASS(vitrine_shelf_parent_class)->dispose(object);
}

static void
vitrine_shelf_class_init(VitrineShelfClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = vitrine_shelf_get_property;
  object_class->set_property = vitrine_shelf_set_property;
  object_class->dispose = vitrine_shelf_dispose;
  props[PROP_PROGRESS] = g_param_spec_double("progress", NULL, NULL, -1, 1, -1, read);
  props[PROP_TROUBLE] = g_param_spec_string("trouble", NULL, NULL, NULL, read);
  props[PROP_COMPONENTS] = g_param_spec_int("components", NULL, NULL, 0, VITRINE_N_COMPONENTS - 1,
                                            0, read | G_PARAM_WRITABLE);
  props[PROP_REACH] = g_param_spec_double("reach", NULL, NULL, -1, 100, -1, read);
  g_object_class_install_properties(object_class, N_PROPS, props);
  sampled_signal = g_signal_new("sampled", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_shelf_init(VitrineShelf *self)
{
  self->class = vitrine_sample_class(news_cb);
  self->progress = self->reach = -1;
  for (int group = 0; group < VITRINE_N_DIRECTION_GROUPS; group++)
    self->lists[group] = g_list_store_new(VITRINE_TYPE_DIRECTION);
}

VitrineShelf *
vitrine_shelf_new(VitrineSession *session)
{
  VitrineShelf *self = g_object_new(VITRINE_TYPE_SHELF, NULL);

  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(weights_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "picture-changed", G_CALLBACK(picture_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(self, "sampled", G_CALLBACK(picture_cb), self, G_CONNECT_SWAPPED);
  if (vitrine_session_get_model(session))
    model_changed_cb(self);
  return self;
}
