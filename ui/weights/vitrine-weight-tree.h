/* VitrineWeightTree: the layers of a model as the lines of a list view, networks over blocks over
 * tensors, and which of them is chosen. Main thread. */
#pragma once

#include <gtk/gtk.h>
#include "app/work/vitrine-weight-data.h"
#include "ui/weights/vitrine-weight-node.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_WEIGHT_TREE (vitrine_weight_tree_get_type())
G_DECLARE_FINAL_TYPE(VitrineWeightTree, vitrine_weight_tree, VITRINE, WEIGHT_TREE, GObject)

/* Signal "chosen" (): another line is chosen; never while there is none. */

/* Gives `view` its model and its rows; borrows it for as long as both live. */
VitrineWeightTree *vitrine_weight_tree_new(GtkListView *view);
/* The lines are those of `data` from now on, none if it is NULL; nothing is chosen. */
void vitrine_weight_tree_set_data(VitrineWeightTree *self, VitrineWeightData *data);
/* `data` holds the same tensors in the same order, measured anew: the lines and what is chosen
 * stay. Without the signal. */
void vitrine_weight_tree_renew(VitrineWeightTree *self, VitrineWeightData *data);
/* The record of that index is measured: the lines that count it say what they know. */
void vitrine_weight_tree_measured(VitrineWeightTree *self, guint index);
/* Shows only the tensors whose name contains `text`, in a plain list; "": the tree again. */
void vitrine_weight_tree_search(VitrineWeightTree *self, const char *text);
/* Borrowed; NULL: none. */
VitrineWeightNode *vitrine_weight_tree_get_chosen(VitrineWeightTree *self);
/* Chooses the line of that path, opens what is above it and scrolls there; NULL: the first line.
 * FALSE if there is none. */
gboolean vitrine_weight_tree_select(VitrineWeightTree *self, const char *path);

G_END_DECLS
