#include "app/session/vitrine-recipe-value.h"
#include <glib/gi18n.h>

struct _VitrineRecipeValue {
  GObject parent_instance;
  VitrineEditor *editor;
  const VitrineRecipeKind *kind;
  guint index;
  gpointer data;
  double told; /* what the last notification was about */
};

enum { PROP_0, PROP_VALUE };

static GParamSpec *value_property;

G_DEFINE_FINAL_TYPE(VitrineRecipeValue, vitrine_recipe_value, G_TYPE_OBJECT)

static double
now(VitrineRecipeValue *self)
{
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);
  return recipe ? self->kind->get(recipe, self->index, self->data) : 0;
}

static void
changed_cb(VitrineRecipeValue *self)
{
  double value = now(self);

  if (value == self->told)
    return;
  self->told = value;
  g_object_notify_by_pspec(G_OBJECT(self), value_property);
}

static void
edit(VitrineRecipeValue *self, double value)
{
  const SgRecipe *current = vitrine_editor_get_recipe(self->editor);
  const VitrineRecipeKind *kind = self->kind;

  if (!current || now(self) == value)
    return;
  g_autofree char *key = kind->merge ? g_strdup_printf("%s%u", kind->merge, self->index) : NULL;
  SgRecipe *recipe = sg_recipe_copy(current);
  kind->set(recipe, self->index, value, self->data);
  vitrine_editor_apply(self->editor, recipe, _(kind->label), key);
}

static void
vitrine_recipe_value_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_double(value, now(VITRINE_RECIPE_VALUE(object)));
}

static void
vitrine_recipe_value_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  edit(VITRINE_RECIPE_VALUE(object), g_value_get_double(value));
}

static void
vitrine_recipe_value_finalize(GObject *object)
{
  g_object_unref(VITRINE_RECIPE_VALUE(object)->editor);
  G_OBJECT_CLASS(vitrine_recipe_value_parent_class)->finalize(object);
}

static void
vitrine_recipe_value_class_init(VitrineRecipeValueClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);

  object_class->get_property = vitrine_recipe_value_get_property;
  object_class->set_property = vitrine_recipe_value_set_property;
  object_class->finalize = vitrine_recipe_value_finalize;
  value_property =
      g_param_spec_double("value", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_property(object_class, PROP_VALUE, value_property);
}

static void
vitrine_recipe_value_init(VitrineRecipeValue *self)
{
}

VitrineRecipeValue *
vitrine_recipe_value_new(VitrineEditor *editor, const VitrineRecipeKind *kind, guint index,
                         gpointer data)
{
  g_return_val_if_fail(VITRINE_IS_EDITOR(editor), NULL);
  g_return_val_if_fail(kind != NULL, NULL);
  VitrineRecipeValue *self = g_object_new(VITRINE_TYPE_RECIPE_VALUE, NULL);

  self->editor = g_object_ref(editor);
  self->kind = kind;
  self->index = index;
  self->data = data;
  self->told = now(self);
  g_signal_connect_object(editor, "changed", G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
  return self;
}
