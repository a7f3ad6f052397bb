#include "ui/weights/vitrine-weight-node.h"

struct _VitrineWeightNode {
  GObject parent_instance;
  char *label, *path, *detail;
  GArray *indices;
  GListStore *children;
};

enum { PROP_DETAIL = 1 };

G_DEFINE_FINAL_TYPE(VitrineWeightNode, vitrine_weight_node, G_TYPE_OBJECT)

static void
get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_string(value, VITRINE_WEIGHT_NODE(object)->detail);
}

static void
finalize(GObject *object)
{
  VitrineWeightNode *self = VITRINE_WEIGHT_NODE(object);

  g_free(self->label);
  g_free(self->path);
  g_free(self->detail);
  g_array_unref(self->indices);
  g_clear_object(&self->children);
  G_OBJECT_CLASS(vitrine_weight_node_parent_class)->finalize(object);
}

static void
vitrine_weight_node_class_init(VitrineWeightNodeClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);

  object_class->get_property = get_property;
  object_class->finalize = finalize;
  g_object_class_install_property(
      object_class, PROP_DETAIL,
      g_param_spec_string("detail", NULL, NULL, "", G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
vitrine_weight_node_init(VitrineWeightNode *self)
{
  self->indices = g_array_new(FALSE, FALSE, sizeof(guint));
  self->detail = g_strdup("");
}

VitrineWeightNode *
vitrine_weight_node_new(const char *label, const char *path)
{
  VitrineWeightNode *self = g_object_new(VITRINE_TYPE_WEIGHT_NODE, NULL);

  self->label = g_strdup(label);
  self->path = g_strdup(path);
  return self;
}

const char *
vitrine_weight_node_get_label(VitrineWeightNode *self)
{
  g_return_val_if_fail(VITRINE_IS_WEIGHT_NODE(self), NULL);
  return self->label;
}

const char *
vitrine_weight_node_get_path(VitrineWeightNode *self)
{
  g_return_val_if_fail(VITRINE_IS_WEIGHT_NODE(self), NULL);
  return self->path;
}

GArray *
vitrine_weight_node_get_indices(VitrineWeightNode *self)
{
  g_return_val_if_fail(VITRINE_IS_WEIGHT_NODE(self), NULL);
  return self->indices;
}

gboolean
vitrine_weight_node_holds(VitrineWeightNode *self, guint index)
{
  g_return_val_if_fail(VITRINE_IS_WEIGHT_NODE(self), FALSE);
  for (guint i = 0; i < self->indices->len; i++)
    if (g_array_index(self->indices, guint, i) == index)
      return TRUE;
  return FALSE;
}

GListStore *
vitrine_weight_node_get_children(VitrineWeightNode *self)
{
  g_return_val_if_fail(VITRINE_IS_WEIGHT_NODE(self), NULL);
  return self->children;
}

VitrineWeightNode *
vitrine_weight_node_child(VitrineWeightNode *self, const char *label, const char *path)
{
  g_return_val_if_fail(VITRINE_IS_WEIGHT_NODE(self), NULL);
  if (!self->children)
    self->children = g_list_store_new(VITRINE_TYPE_WEIGHT_NODE);
  guint n = g_list_model_get_n_items(G_LIST_MODEL(self->children));
  for (guint i = 0; i < n; i++) {
    g_autoptr(VitrineWeightNode) child = g_list_model_get_item(G_LIST_MODEL(self->children), i);
    if (g_str_equal(child->label, label))
      return child; /* the list keeps it */
  }
  g_autoptr(VitrineWeightNode) child = vitrine_weight_node_new(label, path);
  g_list_store_append(self->children, child);
  return child;
}

void
vitrine_weight_node_set_detail(VitrineWeightNode *self, const char *detail)
{
  g_return_if_fail(VITRINE_IS_WEIGHT_NODE(self));
  if (g_strcmp0(self->detail, detail) == 0)
    return;
  g_free(self->detail);
  self->detail = g_strdup(detail);
  g_object_notify(G_OBJECT(self), "detail");
}
