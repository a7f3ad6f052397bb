/* The file: {"<model hash>": {"z": {"3": "hair"}, "w": {}}}. */
#include "app/session/vitrine-favourites.h"
#include "app/session/vitrine-store.h"

struct _VitrineFavourites {
  GObject parent_instance;
  json_t *names;
  char *key;
};

enum { PROP_0, PROP_KEY };

static guint changed_signal;
static const char *const space_keys[] = {"z", "w"};

G_DEFINE_FINAL_TYPE(VitrineFavourites, vitrine_favourites, G_TYPE_OBJECT)

static json_t *
member_object(json_t *parent, const char *key)
{
  json_t *child = json_object_get(parent, key);

  if (!json_is_object(child)) {
    child = json_object();
    json_object_set_new(parent, key, child);
  }
  return child;
}

void
vitrine_favourites_set_key(VitrineFavourites *self, const char *key, gboolean bring)
{
  g_return_if_fail(VITRINE_IS_FAVOURITES(self));
  json_t *names = bring && self->key ? json_object_get(self->names, self->key) : NULL;

  if (g_strcmp0(self->key, key) == 0)
    return;
  if (names && !json_object_get(self->names, key))
    json_object_set_new(self->names, key, json_deep_copy(names));
  g_free(self->key);
  self->key = g_strdup(key);
  g_object_notify(G_OBJECT(self), "key");
  g_signal_emit(self, changed_signal, 0);
}

const char *
vitrine_favourites_get_key(VitrineFavourites *self)
{
  g_return_val_if_fail(VITRINE_IS_FAVOURITES(self), NULL);
  return self->key;
}

const char *
vitrine_favourites_get(VitrineFavourites *self, SgSpace space, int dim)
{
  g_return_val_if_fail(VITRINE_IS_FAVOURITES(self), NULL);
  char key[16];

  if (!self->key)
    return NULL;
  g_snprintf(key, sizeof key, "%d", dim);
  json_t *model = json_object_get(self->names, self->key);
  return json_string_value(json_object_get(json_object_get(model, space_keys[space]), key));
}

void
vitrine_favourites_set(VitrineFavourites *self, SgSpace space, int dim, const char *name)
{
  g_return_if_fail(VITRINE_IS_FAVOURITES(self));
  char key[16];

  if (!self->key)
    return;
  g_snprintf(key, sizeof key, "%d", dim);
  json_t *names = member_object(member_object(self->names, self->key), space_keys[space]);
  if (name)
    json_object_set_new(names, key, json_string(name));
  else
    json_object_del(names, key);
  vitrine_store_save("favourites", self->names);
  g_signal_emit(self, changed_signal, 0);
}

static void
vitrine_favourites_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_KEY)
    g_value_set_string(value, VITRINE_FAVOURITES(object)->key);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
vitrine_favourites_finalize(GObject *object)
{
  VitrineFavourites *self = VITRINE_FAVOURITES(object);

  json_decref(self->names);
  g_free(self->key);
  G_OBJECT_CLASS(vitrine_favourites_parent_class)->finalize(object);
}

static void
vitrine_favourites_class_init(VitrineFavouritesClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);

  object_class->get_property = vitrine_favourites_get_property;
  object_class->finalize = vitrine_favourites_finalize;
  g_object_class_install_property(
      object_class, PROP_KEY,
      g_param_spec_string("key", NULL, NULL, NULL,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY));
  changed_signal = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_favourites_init(VitrineFavourites *self)
{
  self->names = vitrine_store_load("favourites");
}

VitrineFavourites *
vitrine_favourites_new(void)
{
  return g_object_new(VITRINE_TYPE_FAVOURITES, NULL);
}
