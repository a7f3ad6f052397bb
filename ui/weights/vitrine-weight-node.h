/* VitrineWeightNode: one line of the tree of layers: a tensor, or a group of them. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_WEIGHT_NODE (vitrine_weight_node_get_type())
G_DECLARE_FINAL_TYPE(VitrineWeightNode, vitrine_weight_node, VITRINE, WEIGHT_NODE, GObject)

/* Property "detail", string, notifies: count and standard deviation, "" while not known. */
VitrineWeightNode *vitrine_weight_node_new(const char *label, const char *path);
const char *vitrine_weight_node_get_label(VitrineWeightNode *self);
const char *
vitrine_weight_node_get_path(VitrineWeightNode *self); /* as stored, or a group's title */
/* The records whose numbers it shows: an array of guint, borrowed. */
GArray *vitrine_weight_node_get_indices(VitrineWeightNode *self);
gboolean vitrine_weight_node_holds(VitrineWeightNode *self, guint index);
/* Borrowed; NULL for a tensor. */
GListStore *vitrine_weight_node_get_children(VitrineWeightNode *self);
/* The child, made when there is none of that label yet; borrowed. */
VitrineWeightNode *vitrine_weight_node_child(VitrineWeightNode *self, const char *label,
                                             const char *path);
void vitrine_weight_node_set_detail(VitrineWeightNode *self, const char *detail);

G_END_DECLS
