#include "app/session/vitrine-opener-private.h"
#include <glib/gi18n.h>
#include "app/session/vitrine-store.h"

/* Nine larger pictures than these keep a person waiting. */
#define SEVERAL_FACES_UP_TO 128

enum { PROP_0, PROP_MODEL_PATH, PROP_LOADING, PROP_SUMMARY, N_PROPS };
enum { MODEL_CHANGED, WEIGHTS_CHANGED, FOREIGN_PICTURE, N_SIGNALS };

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(VitrineOpener, vitrine_opener, G_TYPE_OBJECT)

/* ---- what is open ------------------------------------------------------------------------ */

static void
set_model(VitrineOpener *self, SgModel *model)
{
  SgModel *old = self->model;
  gboolean same_path = old && g_strcmp0(old->path, model->path) == 0;

  self->model = model;
  vitrine_following_set_open(self->with.following, model);
  if (old)
    sg_model_unref(old);
  if (!same_path)
    g_object_notify_by_pspec(G_OBJECT(self), props[PROP_MODEL_PATH]);
}

/* The edits of the model that is left are there when it is opened again, also after the next
 * start. */
static void
leave_model(VitrineOpener *self)
{
  VitrineEditor *editor = self->with.editor;

  if (!self->model)
    return;
  vitrine_edits_keep(self->model->hash, vitrine_editor_get_recipe(editor),
                     vitrine_editor_get_space(editor));
  vitrine_editor_park(editor, self->model->hash);
}

static void
begin_edits(VitrineOpener *self, const SgModel *model, SgRecipe *recipe, const char *label)
{
  VitrineEditor *editor = self->with.editor;
  SgSpace space = vitrine_editor_get_space(editor);
  g_autoptr(SgRecipe) fresh = sg_recipe_new_for(&model->info);
  if (model->info.img_resolution <= SEVERAL_FACES_UP_TO)
    fresh->faces = self->first_faces;
  SgRecipe *kept = vitrine_edits_find(model->hash, &model->info, &space);
  gboolean tell = !recipe;

  vitrine_editor_begin(editor, model->hash, kept ? kept : sg_recipe_copy(recipe ? recipe : fresh),
                       recipe, label);
  vitrine_editor_set_space(editor, space);
  if (tell && !sg_recipe_equal(vitrine_editor_get_recipe(editor), fresh))
    vitrine_messages_say(self->with.messages, _("What was edited of this model is back"), FALSE);
}

void
vitrine_opener_adopt_model(VitrineOpener *self, SgModel *model, SgRenderer *renderer,
                           SgRecipe *recipe, const char *label)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  const SgModelInfo *info = &model->info;

  self->serial++;
  g_clear_pointer(&self->next_weights, sg_model_unref);
  leave_model(self);
  begin_edits(self, model, recipe, label);
  vitrine_saver_begin(self->with.saver, info->num_ws);
  vitrine_view_set_renderer(self->with.view, renderer);
  set_model(self, model);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_SUMMARY]);
  vitrine_favourites_set_key(self->with.favourites, model->hash, FALSE);
  g_signal_emit(self, signals[MODEL_CHANGED], 0);
  vitrine_editor_tell(self->with.editor);
}

/* The picture that is shown stays until the first one of these weights is there. */
void
vitrine_opener_adopt_weights(VitrineOpener *self, SgModel *model, SgRenderer *renderer)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  vitrine_view_set_weights(self->with.view, renderer, FALSE);
  set_model(self, model);
  vitrine_following_in_use(self->with.following);
  g_signal_emit(self, signals[WEIGHTS_CHANGED], 0);
}

/* Newer weights of the training that is followed. */
static void
followed_cb(VitrineOpener *self, SgModel *model)
{
  if (self->closed)
    return;
  if (vitrine_opener_takes_weights(self, model))
    vitrine_opener_update_weights(self, sg_model_ref(model));
  else
    vitrine_opener_pack_model(self, sg_model_ref(model));
}

SgModel *
vitrine_opener_get_model(VitrineOpener *self)
{
  g_return_val_if_fail(VITRINE_IS_OPENER(self), NULL);
  return self->model;
}

guint
vitrine_opener_get_serial(VitrineOpener *self)
{
  g_return_val_if_fail(VITRINE_IS_OPENER(self), 0);
  return self->serial;
}

gboolean
vitrine_opener_is_loading(VitrineOpener *self)
{
  g_return_val_if_fail(VITRINE_IS_OPENER(self), FALSE);
  return self->reading || self->moving || vitrine_following_is_waiting(self->with.following);
}

void
vitrine_opener_update_loading(VitrineOpener *self)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  gboolean loading = vitrine_opener_is_loading(self);

  if (self->told_loading == loading)
    return;
  self->told_loading = loading;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_LOADING]);
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_opener_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineOpener *self = VITRINE_OPENER(object);

  if (id == PROP_MODEL_PATH)
    g_value_set_string(value, self->model ? self->model->path : NULL);
  else if (id == PROP_LOADING)
    g_value_set_boolean(value, vitrine_opener_is_loading(self));
  else if (id == PROP_SUMMARY)
    g_value_take_string(value, self->model ? sg_model_summary(self->model) : NULL);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void
vitrine_opener_set_first_faces(VitrineOpener *self, int faces)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  g_return_if_fail(faces >= 1 && faces <= SG_RECIPE_MAX_FACES);
  self->first_faces = faces;
}

void
vitrine_opener_close(VitrineOpener *self)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  self->closed = TRUE;
}

static void
vitrine_opener_finalize(GObject *object)
{
  VitrineOpener *self = VITRINE_OPENER(object);

  g_clear_pointer(&self->model, sg_model_unref);
  g_clear_pointer(&self->next_weights, sg_model_unref);
  g_clear_object(&self->with.editor);
  g_clear_object(&self->with.view);
  g_clear_object(&self->with.device);
  g_clear_object(&self->with.following);
  g_clear_object(&self->with.favourites);
  g_clear_object(&self->with.saver);
  g_clear_object(&self->with.messages);
  G_OBJECT_CLASS(vitrine_opener_parent_class)->finalize(object);
}

void
vitrine_opener_tell_picture(VitrineOpener *self, const char *path, GdkTexture *preview)
{
  g_signal_emit(self, signals[FOREIGN_PICTURE], 0, path, preview);
}

static void
vitrine_opener_class_init(VitrineOpenerClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GType type = G_TYPE_FROM_CLASS(class);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = vitrine_opener_get_property;
  object_class->finalize = vitrine_opener_finalize;
  props[PROP_MODEL_PATH] = g_param_spec_string("model-path", NULL, NULL, NULL, flags);
  props[PROP_LOADING] = g_param_spec_boolean("loading", NULL, NULL, FALSE, flags);
  props[PROP_SUMMARY] = g_param_spec_string("summary", NULL, NULL, NULL, flags);
  g_object_class_install_properties(object_class, N_PROPS, props);
  signals[MODEL_CHANGED] =
      g_signal_new("model-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[WEIGHTS_CHANGED] =
      g_signal_new("weights-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FOREIGN_PICTURE] = g_signal_new("foreign-picture", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                          NULL, G_TYPE_NONE, 2, G_TYPE_STRING, GDK_TYPE_TEXTURE);
}

static void
vitrine_opener_init(VitrineOpener *self)
{
  self->first_faces = 1;
}

VitrineOpener *
vitrine_opener_new(const VitrineOpenerParts *parts)
{
  VitrineOpener *self = g_object_new(VITRINE_TYPE_OPENER, NULL);

  self->with = *parts;
  g_object_ref(parts->editor);
  g_object_ref(parts->view);
  g_object_ref(parts->device);
  g_object_ref(parts->following);
  g_object_ref(parts->favourites);
  g_object_ref(parts->saver);
  g_object_ref(parts->messages);
  g_signal_connect_object(parts->device, "wanted", G_CALLBACK(vitrine_opener_check_device), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(parts->following, "model", G_CALLBACK(followed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(parts->following, "notify::waiting",
                          G_CALLBACK(vitrine_opener_update_loading), self, G_CONNECT_SWAPPED);
  return self;
}
