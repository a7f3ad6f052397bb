#include "app/session/vitrine-session.h"
#include "app/session/vitrine-follow.h"
#include "app/session/vitrine-store.h"

#define STORE_AFTER_SEC 3

struct _VitrineSession {
  GObject parent_instance;
  VitrineMessages *messages;
  VitrineEditor *editor;
  VitrineView *view;
  VitrineOpener *opener;
  VitrineSaver *saver;
  VitrineDeviceChoice *device;
  VitrineFollowing *following;
  VitrineFavourites *favourites;
  VitrineSpot *spot;
  guint store_source;
  char *missing; /* path of the last session's model that is not there, or NULL */
};

enum {
  PROP_0,
  PROP_EDITOR,
  PROP_VIEW,
  PROP_OPENER,
  PROP_SAVER,
  PROP_DEVICE,
  PROP_FOLLOWING,
  PROP_FAVOURITES,
  PROP_MISSING,
  PROP_SPOT,
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

/* ---- the parts --------------------------------------------------------------------------- */

VitrineEditor *
vitrine_session_get_editor(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), NULL);
  return self->editor;
}

VitrineView *
vitrine_session_get_view(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), NULL);
  return self->view;
}

VitrineOpener *
vitrine_session_get_opener(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), NULL);
  return self->opener;
}

VitrineSaver *
vitrine_session_get_saver(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), NULL);
  return self->saver;
}

VitrineDeviceChoice *
vitrine_session_get_device(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), NULL);
  return self->device;
}

VitrineFollowing *
vitrine_session_get_following(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), NULL);
  return self->following;
}

VitrineFavourites *
vitrine_session_get_favourites(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), NULL);
  return self->favourites;
}

VitrineSpot *
vitrine_session_get_spot(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), NULL);
  return self->spot;
}

/* ---- short for them ---------------------------------------------------------------------- */

const SgRecipe *
vitrine_session_get_recipe(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), NULL);
  return vitrine_editor_get_recipe(self->editor);
}

SgModel *
vitrine_session_get_model(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), NULL);
  return vitrine_opener_get_model(self->opener);
}

void
vitrine_session_apply(VitrineSession *self, SgRecipe *recipe, const char *label,
                      const char *merge_key)
{
  g_return_if_fail(VITRINE_IS_SESSION(self));
  vitrine_editor_apply(self->editor, recipe, label, merge_key);
}

void
vitrine_session_say(VitrineSession *self, const char *text, gboolean is_error)
{
  g_return_if_fail(VITRINE_IS_SESSION(self));
  vitrine_messages_say(self->messages, text, is_error);
}

void
vitrine_session_error(VitrineSession *self, const char *heading, const char *text)
{
  g_return_if_fail(VITRINE_IS_SESSION(self));
  vitrine_messages_error(self->messages, heading, text);
}

/* ---- the last session -------------------------------------------------------------------- */

/* The recipe of a stored session, to be freed, with its model's hash and path; NULL: none. */
static SgRecipe *
stored_recipe(json_t *root, char **hash, char **path)
{
  json_t *recipe = json_object_get(root, "recipe");
  char *text = recipe ? json_dumps(recipe, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  g_autofree char *encoded = NULL;
  SgRecipe *stored = text ? sg_recipe_from_json(text, -1, hash, &encoded, NULL) : NULL;

  free(text);
  *path = vitrine_store_decode_path(encoded);
  return stored;
}

static SgSpace
stored_space(json_t *root)
{
  return json_integer_value(json_object_get(root, "space")) == SG_SPACE_W ? SG_SPACE_W : SG_SPACE_Z;
}

/* The stored session is about to go: its model's edits stay. */
static void
keep_stored(const char *next_hash)
{
  json_t *root = vitrine_store_load("session");
  g_autofree char *hash = NULL, *path = NULL;
  g_autoptr(SgRecipe) recipe = stored_recipe(root, &hash, &path);

  if (recipe && hash && g_strcmp0(hash, next_hash) != 0)
    vitrine_edits_keep(hash, recipe, stored_space(root));
  json_decref(root);
}

/* While the last session's model is missing, that session stays as it is, and what is edited
 * meanwhile is among the edits of its own model. */
void
vitrine_session_store(VitrineSession *self)
{
  g_return_if_fail(VITRINE_IS_SESSION(self));
  const SgRecipe *recipe = vitrine_session_get_recipe(self);
  const SgModel *model = vitrine_session_get_model(self);

  g_clear_handle_id(&self->store_source, g_source_remove);
  if (!recipe || !model)
    return;
  if (self->missing) {
    vitrine_edits_keep(model->hash, recipe, vitrine_editor_get_space(self->editor));
    return;
  }
  keep_stored(model->hash);
  const char *run = vitrine_following_get_directory(self->following);
  g_autofree char *path = g_canonicalize_filename(run ? run : model->path, NULL);
  g_autofree char *encoded = vitrine_store_encode_path(path);
  g_autofree char *text = sg_recipe_to_json(recipe, model->hash, encoded);
  json_t *root = json_object();
  json_object_set_new(root, "recipe", json_loads(text, 0, NULL));
  json_object_set_new(root, "space", json_integer(vitrine_editor_get_space(self->editor)));
  vitrine_store_save("session", root);
  json_decref(root);
}

/* A model, or a run with something to come back to. */
static gboolean
is_there(const char *path)
{
  g_autofree char *snapshot = NULL;

  if (!g_file_test(path, G_FILE_TEST_IS_DIR))
    return g_file_test(path, G_FILE_TEST_IS_REGULAR);
  snapshot = vitrine_follow_newest_snapshot(path, NULL);
  return snapshot != NULL;
}

static void
set_missing(VitrineSession *self, const char *path)
{
  if (g_strcmp0(self->missing, path) == 0)
    return;
  g_free(self->missing);
  self->missing = g_strdup(path);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_MISSING]);
}

static gboolean
reopen(VitrineSession *self, const char *elsewhere)
{
  json_t *root = vitrine_store_load("session");
  SgSpace space = stored_space(root);
  g_autofree char *path = NULL;
  g_autoptr(SgRecipe) recipe = stored_recipe(root, NULL, &path);
  const char *at = elsewhere ? elsewhere : path;
  gboolean there = at && is_there(at);

  json_decref(root);
  if (!elsewhere)
    set_missing(self, recipe && path && !there ? path : NULL);
  if (!recipe || !there)
    return FALSE;
  vitrine_editor_set_space(self->editor, space);
  vitrine_opener_reopen(self->opener, at, g_steal_pointer(&recipe), elsewhere != NULL);
  return TRUE;
}

gboolean
vitrine_session_restore(VitrineSession *self)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(self), FALSE);
  return reopen(self, NULL);
}

void
vitrine_session_locate(VitrineSession *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_SESSION(self));
  g_return_if_fail(G_IS_FILE(file));
  g_autofree char *path = g_file_get_path(file);

  if (!path || !reopen(self, path))
    vitrine_opener_open(self->opener, file); /* which says what is wrong with it */
}

void
vitrine_session_forget_missing(VitrineSession *self)
{
  g_return_if_fail(VITRINE_IS_SESSION(self));
  set_missing(self, NULL);
}

static gboolean
store_cb(gpointer data)
{
  VitrineSession *self = data;

  self->store_source = 0;
  vitrine_session_store(self);
  return G_SOURCE_REMOVE;
}

/* ---- the parts' signals ------------------------------------------------------------------ */

static void
model_changed_cb(VitrineSession *self)
{
  g_autofree char *bundled = self->missing ? vitrine_store_bundled_model() : NULL;

  /* The model that comes with Vitrine is only there for want of the missing one. */
  if (self->missing && g_strcmp0(vitrine_session_get_model(self)->path, bundled) != 0)
    set_missing(self, NULL);
  g_signal_emit(self, signals[MODEL_CHANGED], 0);
}

static void
weights_changed_cb(VitrineSession *self)
{
  g_signal_emit(self, signals[WEIGHTS_CHANGED], 0);
}

static void
recipe_changed_cb(VitrineSession *self)
{
  if (!self->store_source)
    self->store_source = g_timeout_add_seconds(STORE_AFTER_SEC, store_cb, self);
  g_signal_emit(self, signals[RECIPE_CHANGED], 0);
}

static void
picture_changed_cb(VitrineSession *self)
{
  g_signal_emit(self, signals[PICTURE_CHANGED], 0);
}

static void
influence_changed_cb(VitrineSession *self)
{
  g_signal_emit(self, signals[INFLUENCE_CHANGED], 0);
}

static void
message_cb(VitrineSession *self, const char *text, gboolean is_error)
{
  g_signal_emit(self, signals[MESSAGE], 0, text, is_error);
}

static void
gather(VitrineSession *self, gpointer part, const char *signal, GCallback handler)
{
  g_signal_connect_object(part, signal, handler, self, G_CONNECT_SWAPPED);
}

/* ---- the object -------------------------------------------------------------------------- */

static GObject *
part_of(VitrineSession *self, guint prop)
{
  switch (prop) {
  case PROP_EDITOR:
    return G_OBJECT(self->editor);
  case PROP_VIEW:
    return G_OBJECT(self->view);
  case PROP_OPENER:
    return G_OBJECT(self->opener);
  case PROP_SAVER:
    return G_OBJECT(self->saver);
  case PROP_DEVICE:
    return G_OBJECT(self->device);
  case PROP_FOLLOWING:
    return G_OBJECT(self->following);
  case PROP_FAVOURITES:
    return G_OBJECT(self->favourites);
  case PROP_SPOT:
    return G_OBJECT(self->spot);
  default:
    return NULL;
  }
}

static void
vitrine_session_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_MISSING)
    g_value_set_string(value, VITRINE_SESSION(object)->missing);
  else
    g_value_set_object(value, part_of(VITRINE_SESSION(object), id));
}

static void
vitrine_session_dispose(GObject *object)
{
  VitrineSession *self = VITRINE_SESSION(object);

  g_clear_handle_id(&self->store_source, g_source_remove);
  if (self->opener)
    vitrine_opener_close(self->opener);
  if (self->view)
    vitrine_view_close(self->view);
  g_clear_object(&self->opener);
  g_clear_object(&self->saver);
  g_clear_object(&self->following);
  g_clear_object(&self->view);
  g_clear_object(&self->favourites);
  g_clear_object(&self->spot);
  g_clear_object(&self->device);
  g_clear_object(&self->editor);
  g_clear_object(&self->messages);
  g_clear_pointer(&self->missing, g_free);
  G_OBJECT_CLASS(vitrine_session_parent_class)->dispose(object);
}

static void
install_signals(GType type)
{
  static const char *const names[] = {
      [MODEL_CHANGED] = "model-changed",         [WEIGHTS_CHANGED] = "weights-changed",
      [RECIPE_CHANGED] = "recipe-changed",       [PICTURE_CHANGED] = "picture-changed",
      [INFLUENCE_CHANGED] = "influence-changed",
  };

  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    signals[i] =
        g_signal_new(names[i], type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[MESSAGE] = g_signal_new("message", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
vitrine_session_class_init(VitrineSessionClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = vitrine_session_get_property;
  object_class->dispose = vitrine_session_dispose;
  props[PROP_EDITOR] = g_param_spec_object("editor", NULL, NULL, VITRINE_TYPE_EDITOR, flags);
  props[PROP_VIEW] = g_param_spec_object("view", NULL, NULL, VITRINE_TYPE_VIEW, flags);
  props[PROP_OPENER] = g_param_spec_object("opener", NULL, NULL, VITRINE_TYPE_OPENER, flags);
  props[PROP_SAVER] = g_param_spec_object("saver", NULL, NULL, VITRINE_TYPE_SAVER, flags);
  props[PROP_DEVICE] = g_param_spec_object("device", NULL, NULL, VITRINE_TYPE_DEVICE_CHOICE, flags);
  props[PROP_FOLLOWING] =
      g_param_spec_object("following", NULL, NULL, VITRINE_TYPE_FOLLOWING, flags);
  props[PROP_FAVOURITES] =
      g_param_spec_object("favourites", NULL, NULL, VITRINE_TYPE_FAVOURITES, flags);
  props[PROP_MISSING] = g_param_spec_string("missing", NULL, NULL, NULL, flags);
  props[PROP_SPOT] = g_param_spec_object("spot", NULL, NULL, VITRINE_TYPE_SPOT, flags);
  g_object_class_install_properties(object_class, N_PROPS, props);
  install_signals(G_TYPE_FROM_CLASS(class));
}

static void
vitrine_session_init(VitrineSession *self)
{
  self->messages = vitrine_messages_new();
  self->editor = vitrine_editor_new();
  self->device = vitrine_device_choice_new();
  self->favourites = vitrine_favourites_new();
  self->spot = vitrine_spot_new();
  self->view = vitrine_view_new(self->editor, self->device, self->messages);
  self->following = vitrine_following_new(self->favourites, self->messages);
  self->saver = vitrine_saver_new(self->editor, self->view, self->messages);
  self->opener = vitrine_opener_new(&(VitrineOpenerParts){.editor = self->editor,
                                                          .view = self->view,
                                                          .device = self->device,
                                                          .following = self->following,
                                                          .favourites = self->favourites,
                                                          .saver = self->saver,
                                                          .messages = self->messages});
  gather(self, self->opener, "model-changed", G_CALLBACK(model_changed_cb));
  gather(self, self->opener, "weights-changed", G_CALLBACK(weights_changed_cb));
  gather(self, self->editor, "changed", G_CALLBACK(recipe_changed_cb));
  gather(self, self->view, "picture-changed", G_CALLBACK(picture_changed_cb));
  gather(self, self->view, "influence-changed", G_CALLBACK(influence_changed_cb));
  gather(self, self->messages, "message", G_CALLBACK(message_cb));
}

VitrineSession *
vitrine_session_new(void)
{
  return g_object_new(VITRINE_TYPE_SESSION, NULL);
}
