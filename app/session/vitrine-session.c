#include "app/session/vitrine-session-private.h"
#include "app/session/vitrine-store.h"
#include <math.h>

#define STORE_AFTER_SEC 3

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(VitrineSession, vitrine_session, G_TYPE_OBJECT)

void
vitrine_session_notify(VitrineSession *self, VitrineSessionProp prop)
{
  g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
}

void
vitrine_session_emit(VitrineSession *self, VitrineSessionSignal signal)
{
  g_return_if_fail(signal != SIGNAL_MESSAGE); /* has arguments */
  g_signal_emit(self, signals[signal], 0);
}

/* ---- messages ---------------------------------------------------------------------------- */

void
vitrine_session_info(VitrineSession *self, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_signal_emit(self, signals[SIGNAL_MESSAGE], 0, text, FALSE);
}

void
vitrine_session_error(VitrineSession *self, const char *heading, const char *text)
{
  g_autofree char *whole = g_strdup_printf("%s\n\n%s", heading, text);
  g_signal_emit(self, signals[SIGNAL_MESSAGE], 0, whole, TRUE);
}

/* ---- the recipe -------------------------------------------------------------------------- */

static gboolean
store_cb(gpointer data)
{
  VitrineSession *self = data;

  self->store_source = 0;
  vitrine_session_store(self);
  return G_SOURCE_REMOVE;
}

/* Whatever is shown of the recipe is out of date. */
void
vitrine_session_recipe_changed(VitrineSession *self)
{
  GObject *object = G_OBJECT(self);

  g_clear_pointer(&self->z_base, g_free);
  vitrine_session_queue_submit(self);
  if (!self->store_source)
    self->store_source = g_timeout_add_seconds(STORE_AFTER_SEC, store_cb, self);
  g_object_freeze_notify(object);
  vitrine_session_notify(self, PROP_CAN_UNDO);
  vitrine_session_notify(self, PROP_CAN_REDO);
  vitrine_session_notify(self, PROP_UNDO_LABEL);
  vitrine_session_notify(self, PROP_REDO_LABEL);
  g_object_thaw_notify(object);
  vitrine_session_emit(self, SIGNAL_RECIPE_CHANGED);
}

const SgRecipe *
vitrine_session_get_recipe(VitrineSession *self)
{
  return self->history ? vitrine_history_current(self->history) : NULL;
}

void
vitrine_session_apply(VitrineSession *self, SgRecipe *recipe, const char *label,
                      const char *merge_key)
{
  const SgRecipe *current = vitrine_session_get_recipe(self);

  if (!current || sg_recipe_equal(current, recipe) || recipe->z_dim != current->z_dim ||
      recipe->w_dim != current->w_dim) {
    sg_recipe_free(recipe);
    return;
  }
  vitrine_history_push(self->history, recipe, label, merge_key, self->gesture,
                       g_get_monotonic_time());
  vitrine_session_recipe_changed(self);
}

void
vitrine_session_begin_gesture(VitrineSession *self)
{
  self->gesture = TRUE;
}

void
vitrine_session_end_gesture(VitrineSession *self)
{
  if (!self->gesture)
    return;
  self->gesture = FALSE;
  if (!self->history)
    return;
  vitrine_history_break_merge(self->history);
  if (self->reduced_resolution > 0)
    vitrine_session_queue_submit(self);
}

void
vitrine_session_undo(VitrineSession *self)
{
  if (self->history && vitrine_history_undo(self->history))
    vitrine_session_recipe_changed(self);
}

void
vitrine_session_redo(VitrineSession *self)
{
  if (self->history && vitrine_history_redo(self->history))
    vitrine_session_recipe_changed(self);
}

const double *
vitrine_session_get_base(VitrineSession *self, SgSpace space)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self);

  if (!recipe || space == SG_SPACE_W)
    return recipe ? self->w_base : NULL;
  if (!self->z_base) {
    self->z_base = g_new(double, recipe->z_dim);
    sg_recipe_base_z(recipe, 0, self->z_base);
  }
  return self->z_base;
}

/* ---- what panes read --------------------------------------------------------------------- */

void
vitrine_session_set_score_text(VitrineSession *self, const char *text)
{
  if (g_strcmp0(self->score_text, text) == 0)
    return;
  g_free(self->score_text);
  self->score_text = g_strdup(text);
  vitrine_session_notify(self, PROP_SCORE_TEXT);
}

gboolean
vitrine_session_get_loading(VitrineSession *self)
{
  return self->loading;
}

void
vitrine_session_set_loading(VitrineSession *self, gboolean loading)
{
  if (self->loading == loading)
    return;
  self->loading = loading;
  vitrine_session_notify(self, PROP_LOADING);
}

void
vitrine_session_add_saving(VitrineSession *self, int count)
{
  self->saving += count;
  vitrine_session_notify(self, PROP_SAVING);
}

void
vitrine_session_notify_following(VitrineSession *self)
{
  g_object_freeze_notify(G_OBJECT(self));
  for (int prop = PROP_FOLLOWING; prop <= PROP_FOLLOWABLE; prop++)
    vitrine_session_notify(self, prop);
  g_object_thaw_notify(G_OBJECT(self));
}

SgSpace
vitrine_session_get_space(VitrineSession *self)
{
  return self->space;
}

void
vitrine_session_set_space(VitrineSession *self, SgSpace space)
{
  if (self->space == space)
    return;
  self->space = space;
  vitrine_session_notify(self, PROP_SPACE);
}

const double *
vitrine_session_get_influence(VitrineSession *self, SgSpace space)
{
  return self->influence[space];
}

void
vitrine_session_start_influence(VitrineSession *self)
{
  vitrine_render_thread_measure(self->render, TRUE, self->space);
}

void
vitrine_session_stop_influence(VitrineSession *self)
{
  vitrine_render_thread_measure(self->render, FALSE, self->space);
}

guint
vitrine_session_start_task(VitrineSession *self, const VitrineTaskClass *class, gpointer data,
                           gpointer user_data)
{
  if (self->model)
    return vitrine_render_thread_start_task(self->render, class, data, user_data);
  if (class->free_data)
    class->free_data(data);
  return 0;
}

void
vitrine_session_stop_task(VitrineSession *self, guint id)
{
  if (self->render)
    vitrine_render_thread_stop_task(self->render, id);
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_session_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineSession *self = VITRINE_SESSION(object);
  const char *undo = self->history ? vitrine_history_undo_label(self->history) : NULL;
  const char *redo = self->history ? vitrine_history_redo_label(self->history) : NULL;

  switch (id) {
  case PROP_MODEL_PATH:
    g_value_set_string(value, self->model ? self->model->path : NULL);
    break;
  case PROP_LOADING:
    g_value_set_boolean(value, self->loading);
    break;
  case PROP_SAVING:
    g_value_set_boolean(value, self->saving > 0);
    break;
  case PROP_CAN_UNDO:
    g_value_set_boolean(value, undo != NULL);
    break;
  case PROP_CAN_REDO:
    g_value_set_boolean(value, redo != NULL);
    break;
  case PROP_UNDO_LABEL:
    g_value_set_string(value, undo);
    break;
  case PROP_REDO_LABEL:
    g_value_set_string(value, redo);
    break;
  case PROP_TEXTURE:
    g_value_set_object(value, self->texture);
    break;
  case PROP_ORIGINAL:
    g_value_set_object(value, self->original);
    break;
  case PROP_DEVICE:
    g_value_set_string(value, self->device ? self->device : "");
    break;
  case PROP_DEVICE_TROUBLE:
    g_value_set_int(value, (int)self->trouble);
    break;
  case PROP_RENDER_SECONDS:
    g_value_set_double(value, self->render_seconds);
    break;
  case PROP_SPACE:
    g_value_set_int(value, (int)self->space);
    break;
  case PROP_SCORE_TEXT:
    g_value_set_string(value, self->score_text ? self->score_text : "");
    break;
  case PROP_FOLLOWING:
    g_value_set_string(value, self->following);
    break;
  case PROP_FOLLOWING_KIMG:
    g_value_set_double(value, self->following_kimg);
    break;
  case PROP_FOLLOWING_LIVE:
    g_value_set_boolean(value, self->following_live);
    break;
  case PROP_FOLLOWABLE:
    g_value_set_string(value, self->followable);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void
vitrine_session_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_SPACE)
    vitrine_session_set_space(VITRINE_SESSION(object), (SgSpace)g_value_get_int(value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
vitrine_session_dispose(GObject *object)
{
  VitrineSession *self = VITRINE_SESSION(object);

  g_clear_handle_id(&self->submit_source, g_source_remove);
  g_clear_handle_id(&self->store_source, g_source_remove);
  g_clear_pointer(&self->follow, vitrine_follow_free);
  g_clear_pointer(&self->render, vitrine_render_thread_free);
  g_clear_object(&self->texture);
  g_clear_object(&self->original);
  G_OBJECT_CLASS(vitrine_session_parent_class)->dispose(object);
}

static void
vitrine_session_finalize(GObject *object)
{
  VitrineSession *self = VITRINE_SESSION(object);

  vitrine_history_free(self->history);
  g_clear_pointer(&self->model, sg_model_unref);
  g_clear_pointer(&self->next_weights, sg_model_unref);
  sg_recipe_free(self->shown);
  sg_recipe_free(self->original_of);
  g_free(self->favourites_key);
  g_free(self->following);
  g_free(self->followable);
  g_free(self->device);
  g_free(self->device_wanted);
  g_free(self->trouble_text);
  g_free(self->score_text);
  g_free(self->z_base);
  g_free(self->w_base);
  g_free(self->influence[0]);
  g_free(self->influence[1]);
  g_ptr_array_unref(self->waiting_vectors);
  json_decref(self->favourites);
  G_OBJECT_CLASS(vitrine_session_parent_class)->finalize(object);
}

static void
install_properties(GObjectClass *class)
{
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  props[PROP_MODEL_PATH] = g_param_spec_string("model-path", NULL, NULL, NULL, flags);
  props[PROP_LOADING] = g_param_spec_boolean("loading", NULL, NULL, FALSE, flags);
  props[PROP_SAVING] = g_param_spec_boolean("saving", NULL, NULL, FALSE, flags);
  props[PROP_CAN_UNDO] = g_param_spec_boolean("can-undo", NULL, NULL, FALSE, flags);
  props[PROP_CAN_REDO] = g_param_spec_boolean("can-redo", NULL, NULL, FALSE, flags);
  props[PROP_UNDO_LABEL] = g_param_spec_string("undo-label", NULL, NULL, NULL, flags);
  props[PROP_REDO_LABEL] = g_param_spec_string("redo-label", NULL, NULL, NULL, flags);
  props[PROP_TEXTURE] = g_param_spec_object("texture", NULL, NULL, GDK_TYPE_TEXTURE, flags);
  props[PROP_ORIGINAL] =
      g_param_spec_object("original-texture", NULL, NULL, GDK_TYPE_TEXTURE, flags);
  props[PROP_DEVICE] = g_param_spec_string("device", NULL, NULL, "", flags);
  props[PROP_DEVICE_TROUBLE] = g_param_spec_int("device-trouble", NULL, NULL, VITRINE_DEVICE_FINE,
                                                VITRINE_DEVICE_LOST, 0, flags);
  props[PROP_RENDER_SECONDS] =
      g_param_spec_double("render-seconds", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);
  props[PROP_SPACE] = g_param_spec_int("space", NULL, NULL, SG_SPACE_Z, SG_SPACE_W, SG_SPACE_Z,
                                       flags | G_PARAM_WRITABLE);
  props[PROP_SCORE_TEXT] = g_param_spec_string("score-text", NULL, NULL, "", flags);
  props[PROP_FOLLOWING] = g_param_spec_string("following", NULL, NULL, NULL, flags);
  props[PROP_FOLLOWING_KIMG] =
      g_param_spec_double("following-kimg", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  props[PROP_FOLLOWING_LIVE] = g_param_spec_boolean("following-live", NULL, NULL, FALSE, flags);
  props[PROP_FOLLOWABLE] = g_param_spec_string("followable", NULL, NULL, NULL, flags);
  g_object_class_install_properties(class, N_PROPS, props);
}

static void
vitrine_session_class_init(VitrineSessionClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GType type = G_TYPE_FROM_CLASS(class);

  object_class->get_property = vitrine_session_get_property;
  object_class->set_property = vitrine_session_set_property;
  object_class->dispose = vitrine_session_dispose;
  object_class->finalize = vitrine_session_finalize;
  install_properties(object_class);
  signals[SIGNAL_MODEL_CHANGED] =
      g_signal_new("model-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_WEIGHTS_CHANGED] =
      g_signal_new("weights-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_RECIPE_CHANGED] =
      g_signal_new("recipe-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_PICTURE_CHANGED] =
      g_signal_new("picture-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_INFLUENCE_CHANGED] = g_signal_new("influence-changed", type, G_SIGNAL_RUN_LAST, 0,
                                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_MESSAGE] = g_signal_new("message", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
vitrine_session_init(VitrineSession *self)
{
  self->space = SG_SPACE_Z;
  self->following_kimg = NAN;
  self->render = vitrine_render_thread_new(vitrine_session_deliver, self);
  self->waiting_vectors = g_ptr_array_new_with_free_func(g_object_unref);
  self->favourites = vitrine_store_load("favourites");
}

VitrineSession *
vitrine_session_new(void)
{
  return g_object_new(VITRINE_TYPE_SESSION, NULL);
}
