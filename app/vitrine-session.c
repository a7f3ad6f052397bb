#include "app/vitrine-session-private.h"
#include "app/vitrine-picture.h"
#include "app/vitrine-store.h"
#include <math.h>

/* Slower than this, and a drag shows smaller pictures where the model has them. */
#define SMOOTH_SECONDS  0.040
#define MIN_RESOLUTION  32
#define STORE_AFTER_SEC 3

enum {
  PROP_0,
  PROP_MODEL_PATH,
  PROP_LOADING,
  PROP_SAVING,
  PROP_CAN_UNDO,
  PROP_CAN_REDO,
  PROP_UNDO_LABEL,
  PROP_REDO_LABEL,
  PROP_TEXTURE,
  PROP_ORIGINAL,
  PROP_DEVICE,
  PROP_RENDER_SECONDS,
  PROP_SPACE,
  PROP_SCORE_TEXT,
  PROP_FOLLOWING,
  PROP_FOLLOWING_KIMG,
  PROP_FOLLOWING_LIVE,
  PROP_FOLLOWABLE,
  N_PROPS
};

enum {
  MODEL_CHANGED,
  WEIGHTS_CHANGED,
  RECIPE_CHANGED,
  PICTURE_CHANGED,
  INFLUENCE_CHANGED,
  MESSAGE,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(VitrineSession, vitrine_session, G_TYPE_OBJECT)

/* ---- messages -----------------------------------------------------------------------------------
 */

void
vitrine_session_info(VitrineSession *self, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_signal_emit(self, signals[MESSAGE], 0, text, FALSE);
}

void
vitrine_session_error(VitrineSession *self, const char *heading, const char *text)
{
  g_autofree char *whole = g_strdup_printf("%s\n\n%s", heading, text);
  g_signal_emit(self, signals[MESSAGE], 0, whole, TRUE);
}

/* ---- pictures -----------------------------------------------------------------------------------
 */

static void
set_score_text(VitrineSession *self, const char *text)
{
  if (g_strcmp0(self->score_text, text) == 0)
    return;
  g_free(self->score_text);
  self->score_text = g_strdup(text);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_SCORE_TEXT]);
}

static void
set_texture(VitrineSession *self, GdkTexture **place, GdkTexture *texture, int prop)
{
  if (g_set_object(place, texture))
    g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
}

/* The next drag's pictures: halved until they are smooth, whole again when even those are fast. */
static void
adapt_resolution(VitrineSession *self, const VitrineFrame *frame)
{
  int full = self->model->info.img_resolution;

  if (!frame->reduced) {
    self->full_seconds = frame->seconds;
    if (frame->seconds <= SMOOTH_SECONDS)
      self->reduced_resolution = 0;
    else if (!self->reduced_resolution && full / 2 >= MIN_RESOLUTION)
      self->reduced_resolution = full / 2;
  } else if (frame->seconds > SMOOTH_SECONDS && self->reduced_resolution / 2 >= MIN_RESOLUTION) {
    self->reduced_resolution /= 2;
  }
}

static gboolean
submit_cb(gpointer data)
{
  VitrineSession *self = data;
  gboolean reduce = self->gesture && self->full_seconds > SMOOTH_SECONDS;

  self->submit_source = 0;
  vitrine_render_thread_request(self->render, vitrine_history_current(self->history),
                                reduce ? self->reduced_resolution : 0);
  return G_SOURCE_REMOVE;
}

/* After the events that are waiting, before GTK draws: at most one request a frame. */
static void
queue_submit(VitrineSession *self)
{
  self->stale = TRUE;
  if (!self->submit_source)
    self->submit_source = g_idle_add_full(G_PRIORITY_HIGH_IDLE + 5, submit_cb, self, NULL);
}

static void
take_frame(VitrineSession *self, VitrineFrame *frame)
{
  const SgRecipe *recipe = vitrine_history_current(self->history);
  int columns, rows;

  if (frame->error) {
    vitrine_session_error(self, "The picture could not be made", frame->error->message);
    return;
  }
  vitrine_picture_layout(frame->recipe->faces, &columns, &rows);
  self->picture_width = columns * self->model->info.img_resolution;
  self->picture_height = rows * self->model->info.img_resolution;
  g_free(self->w_base);
  self->w_base = g_steal_pointer(&frame->w);
  self->render_seconds = frame->seconds;
  self->overflow = frame->overflow;
  self->stale = !sg_recipe_equal(frame->recipe, recipe) ||
                frame->weights != vitrine_render_thread_get_weights(self->render);
  sg_recipe_free(self->shown);
  self->shown = g_steal_pointer(&frame->recipe);
  adapt_resolution(self, frame);
  if (frame->reduced && !self->gesture && !self->stale)
    queue_submit(self);
  set_texture(self, &self->texture, frame->texture, PROP_TEXTURE);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_RENDER_SECONDS]);
}

/* NULL beside a new picture: not known yet. One of older weights stays until then: whoever compares
 * sees no gap. */
static void
take_original(VitrineSession *self, GdkTexture *original)
{
  SgRecipe *plain = self->shown ? sg_recipe_unmodified(self->shown) : NULL;

  if (!original && plain && self->original_of && sg_recipe_equal(plain, self->original_of)) {
    sg_recipe_free(plain);
    return;
  }
  sg_recipe_free(self->original_of);
  self->original_of = plain;
  set_texture(self, &self->original, original, PROP_ORIGINAL);
}

static void
deliver_cb(VitrineReport *report, gpointer user_data)
{
  VitrineSession *self = user_data;

  g_object_ref(self);
  if (report->frame)
    take_frame(self, report->frame);
  if (report->frame || report->original)
    take_original(self, report->original);
  if (report->frame)
    g_signal_emit(self, signals[PICTURE_CHANGED], 0);
  if (report->score_text)
    set_score_text(self, report->score_text);
  if (report->influence) {
    for (guint i = 0; i < report->influence->len; i++) {
      VitrineInfluence *one = &g_array_index(report->influence, VitrineInfluence, i);
      self->influence[one->space][one->dim] = one->value;
    }
    g_signal_emit(self, signals[INFLUENCE_CHANGED], 0);
  }
  if (report->frame && !self->stale)
    vitrine_session_write_waiting_vectors(self);
  g_object_unref(self);
}

/* ---- the recipe ---------------------------------------------------------------------------------
 */

static gboolean
store_cb(gpointer data)
{
  VitrineSession *self = data;

  self->store_source = 0;
  vitrine_session_store(self);
  return G_SOURCE_REMOVE;
}

/* Whatever is shown of the recipe is out of date. */
static void
recipe_changed(VitrineSession *self)
{
  GObject *object = G_OBJECT(self);

  g_clear_pointer(&self->z_base, g_free);
  queue_submit(self);
  if (!self->store_source)
    self->store_source = g_timeout_add_seconds(STORE_AFTER_SEC, store_cb, self);
  g_object_freeze_notify(object);
  g_object_notify_by_pspec(object, props[PROP_CAN_UNDO]);
  g_object_notify_by_pspec(object, props[PROP_CAN_REDO]);
  g_object_notify_by_pspec(object, props[PROP_UNDO_LABEL]);
  g_object_notify_by_pspec(object, props[PROP_REDO_LABEL]);
  g_object_thaw_notify(object);
  g_signal_emit(self, signals[RECIPE_CHANGED], 0);
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
  recipe_changed(self);
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
    queue_submit(self);
}

void
vitrine_session_undo(VitrineSession *self)
{
  if (self->history && vitrine_history_undo(self->history))
    recipe_changed(self);
}

void
vitrine_session_redo(VitrineSession *self)
{
  if (self->history && vitrine_history_redo(self->history))
    recipe_changed(self);
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

/* ---- the model ----------------------------------------------------------------------------------
 */

static double *
unmeasured(int n)
{
  double *v = g_new(double, n);
  for (int i = 0; i < n; i++)
    v[i] = NAN;
  return v;
}

void
vitrine_session_adopt_model(VitrineSession *self, SgModel *model, SgRenderer *renderer,
                            SgRecipe *recipe)
{
  const SgModelInfo *info = &model->info;

  if (self->model)
    sg_model_unref(self->model);
  self->model = model;
  self->model_serial++;
  g_clear_pointer(&self->next_weights, sg_model_unref);
  g_clear_pointer(&self->original_of, sg_recipe_free);
  vitrine_session_set_favourites_key(self, model->hash, FALSE);
  vitrine_history_free(self->history);
  self->history = vitrine_history_new(recipe ? recipe : sg_recipe_new(info->z_dim, info->w_dim));
  self->full_seconds = 0;
  self->reduced_resolution = 0;
  g_clear_pointer(&self->z_base, g_free); /* of another length, perhaps */
  g_clear_pointer(&self->w_base, g_free);
  g_ptr_array_set_size(self->waiting_vectors, 0);
  for (int space = 0; space < 2; space++) {
    g_free(self->influence[space]);
    self->influence[space] = unmeasured(space == SG_SPACE_Z ? info->z_dim : info->w_dim);
  }
  vitrine_render_thread_set_renderer(self->render, renderer);
  set_texture(self, &self->original, NULL, PROP_ORIGINAL);
  set_score_text(self, "");
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_MODEL_PATH]);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_DEVICE]);
  g_signal_emit(self, signals[MODEL_CHANGED], 0);
  recipe_changed(self);
}

/* The picture that is shown stays until the first one of these weights is there. */
void
vitrine_session_adopt_weights(VitrineSession *self, SgModel *model, SgRenderer *renderer)
{
  g_autoptr(SgModel) old = self->model;

  self->model = model;
  vitrine_render_thread_set_weights(self->render, renderer);
  queue_submit(self);
  if (g_strcmp0(old->path, model->path) != 0)
    g_object_notify_by_pspec(G_OBJECT(self), props[PROP_MODEL_PATH]);
  vitrine_session_weights_in_use(self);
  g_signal_emit(self, signals[WEIGHTS_CHANGED], 0);
}

guint
vitrine_session_get_model_serial(VitrineSession *self)
{
  return self->model_serial;
}

SgModel *
vitrine_session_get_model(VitrineSession *self)
{
  return self->model;
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
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_LOADING]);
}

void
vitrine_session_add_saving(VitrineSession *self, int count)
{
  self->saving += count;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_SAVING]);
}

void
vitrine_session_notify_following(VitrineSession *self)
{
  g_object_freeze_notify(G_OBJECT(self));
  for (int prop = PROP_FOLLOWING; prop <= PROP_FOLLOWABLE; prop++)
    g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
  g_object_thaw_notify(G_OBJECT(self));
}

/* ---- what panes read ----------------------------------------------------------------------------
 */

GdkTexture *
vitrine_session_get_texture(VitrineSession *self)
{
  return self->texture;
}

GdkTexture *
vitrine_session_get_original(VitrineSession *self)
{
  return self->original;
}

gboolean
vitrine_session_is_current(VitrineSession *self)
{
  return self->texture && !self->stale && !self->submit_source;
}

gboolean
vitrine_session_get_overflow(VitrineSession *self)
{
  return self->overflow;
}

void
vitrine_session_get_picture_size(VitrineSession *self, int *width, int *height)
{
  *width = self->picture_width;
  *height = self->picture_height;
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
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_SPACE]);
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

/* ---- the object ---------------------------------------------------------------------------------
 */

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
  signals[MODEL_CHANGED] =
      g_signal_new("model-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[WEIGHTS_CHANGED] =
      g_signal_new("weights-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[RECIPE_CHANGED] =
      g_signal_new("recipe-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[PICTURE_CHANGED] =
      g_signal_new("picture-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[INFLUENCE_CHANGED] = g_signal_new("influence-changed", type, G_SIGNAL_RUN_LAST, 0, NULL,
                                            NULL, NULL, G_TYPE_NONE, 0);
  signals[MESSAGE] = g_signal_new("message", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
vitrine_session_init(VitrineSession *self)
{
  self->space = SG_SPACE_Z;
  self->following_kimg = NAN;
  self->render = vitrine_render_thread_new(deliver_cb, self);
  self->waiting_vectors = g_ptr_array_new_with_free_func(g_object_unref);
  self->favourites = vitrine_store_load("favourites");
}

VitrineSession *
vitrine_session_new(void)
{
  return g_object_new(VITRINE_TYPE_SESSION, NULL);
}
