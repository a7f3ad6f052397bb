#include "ui/weights/vitrine-weights-pane.h"
#include <glib/gi18n.h>
#include "app/work/vitrine-weight-data.h"
#include "ui/weights/vitrine-weight-figures.h"
#include "ui/weights/vitrine-weight-tree.h"
#include "ui/weights/vitrine-weights-export.h"

struct _VitrineWeightsPane {
  VitrinePane parent_instance;
  VitrineSession *session; /* borrowed from the parent */
  VitrineWeightData *data; /* of the open model */
  VitrineWeightData *next; /* of newer weights, being measured; `data` is shown until it is done */
  VitrineWeightTree *tree;
  guint measure_task;

  GtkWidget *search;
  GtkListView *list;
  VitrineWeightFigures *figures;
  GtkSwitch *unequalised;
};

G_DEFINE_FINAL_TYPE(VitrineWeightsPane, vitrine_weights_pane, VITRINE_TYPE_PANE)

/* ---- the layers -------------------------------------------------------------------------- */

static void
chosen_cb(VitrineWeightsPane *self)
{
  vitrine_weight_figures_set_node(self->figures, self->data,
                                  vitrine_weight_tree_get_chosen(self->tree));
}

static void
search_cb(GtkSearchEntry *entry, VitrineWeightsPane *self)
{
  vitrine_weight_tree_search(self->tree, gtk_editable_get_text(GTK_EDITABLE(entry)));
}

static void renew(VitrineWeightsPane *self);

/* The statistics of newer weights take the place of those shown, all at once. */
static void
show_next(VitrineWeightsPane *self)
{
  VitrineWeightData *old = self->data;

  self->data = g_steal_pointer(&self->next);
  vitrine_weight_tree_renew(self->tree, self->data);
  chosen_cb(self);
  vitrine_free_elsewhere(old, (GDestroyNotify)vitrine_weight_data_unref);
}

static void
measured_cb(gpointer number, gboolean finished, gpointer user_data)
{
  VitrineWeightsPane *self = user_data;
  VitrineWeightData *data = self->next ? self->next : self->data;

  if (finished) {
    self->measure_task = 0;
    if (self->next)
      show_next(self);
    renew(self);
    return;
  }
  guint index = GPOINTER_TO_UINT(number) - 1;
  ((VitrineWeightRecord *)data->records->pdata[index])->measured = TRUE;
  if (self->next)
    return;
  vitrine_weight_tree_measured(self->tree, index);
  vitrine_weight_figures_measured(self->figures, index);
}

/* ---- the session ------------------------------------------------------------------------- */

static void
recipe_changed_cb(VitrineWeightsPane *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);

  if (!recipe)
    return;
  vitrine_weight_figures_set_prune(self->figures, &recipe->prune);
}

static void
forget_model(VitrineWeightsPane *self)
{
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->measure_task);
  self->measure_task = 0;
  vitrine_weight_figures_set_node(self->figures, NULL, NULL);
  vitrine_weight_tree_set_data(self->tree, NULL);
  g_clear_pointer(&self->data, vitrine_weight_data_unref);
  g_clear_pointer(&self->next, vitrine_weight_data_unref);
}

/* Another model, or one whose file holds other tensors; what was chosen is chosen again. */
static void
show_model(VitrineWeightsPane *self, SgModel *model)
{
  VitrineWeightNode *node = vitrine_weight_tree_get_chosen(self->tree);
  g_autofree char *chosen = node ? g_strdup(vitrine_weight_node_get_path(node)) : NULL;

  forget_model(self);
  self->data = vitrine_weight_data_new(model);
  vitrine_weight_tree_set_data(self->tree, self->data);
  self->measure_task = vitrine_weight_data_measure(self->data, self->session, measured_cb, self);
  gtk_editable_set_text(GTK_EDITABLE(self->search), "");
  recipe_changed_cb(self);
  if (!chosen || !vitrine_weight_tree_select(self->tree, chosen))
    vitrine_weight_tree_select(self->tree, NULL);
}

static void
model_changed_cb(VitrineWeightsPane *self)
{
  SgModel *model = vitrine_session_get_model(self->session);

  gtk_widget_set_sensitive(GTK_WIDGET(self), model != NULL);
  if (!model || (self->data && self->data->model == model))
    return;
  show_model(self, model);
}

/* The same tensors in the same order: what the tree's lines count on. */
static gboolean
same_tensors(const VitrineWeightData *a, const VitrineWeightData *b)
{
  if (a->records->len != b->records->len)
    return FALSE;
  for (guint i = 0; i < a->records->len; i++) {
    const VitrineWeightRecord *x = a->records->pdata[i], *y = b->records->pdata[i];
    if (!g_str_equal(x->name, y->name) || x->tensor->numel != y->tensor->numel ||
        x->prunable != y->prunable)
      return FALSE;
  }
  return TRUE;
}

/* Newer weights of the same model: one set is measured after the other, however often they come,
 * and only while somebody looks. The tree and what is chosen in it stay. */
static void
renew(VitrineWeightsPane *self)
{
  SgModel *model = vitrine_session_get_model(self->session);

  if (!self->data || !model || self->data->model == model || self->measure_task ||
      !gtk_widget_get_mapped(GTK_WIDGET(self)))
    return;
  self->next = vitrine_weight_data_new(model);
  if (!same_tensors(self->data, self->next)) {
    g_clear_pointer(&self->next, vitrine_weight_data_unref);
    show_model(self, model);
    return;
  }
  self->measure_task = vitrine_weight_data_measure(self->next, self->session, measured_cb, self);
}

static void
unmap_cb(VitrineWeightsPane *self)
{
  if (!self->next)
    return;
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->measure_task);
  self->measure_task = 0;
  g_clear_pointer(&self->next, vitrine_weight_data_unref);
}

static void
export_cb(GtkButton *button, VitrineWeightsPane *self)
{
  vitrine_weights_export(self->session, GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))));
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_weights_pane_dispose(GObject *object)
{
  VitrineWeightsPane *self = VITRINE_WEIGHTS_PANE(object);

  if (self->session)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->measure_task);
  self->measure_task = 0;
  if (self->tree)
    g_signal_handlers_disconnect_by_data(self->tree, self);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_WEIGHTS_PANE);
  g_clear_object(&self->tree);
  g_clear_pointer(&self->data, vitrine_weight_data_unref);
  g_clear_pointer(&self->next, vitrine_weight_data_unref);
  self->session = NULL;
  G_OBJECT_CLASS(vitrine_weights_pane_parent_class)->dispose(object);
}

static void
vitrine_weights_pane_start(VitrinePane *pane, VitrineSession *session)
{
  VitrineWeightsPane *self = VITRINE_WEIGHTS_PANE(pane);

  self->session = session;
  g_object_bind_property(vitrine_session_get_editor(session), "unequalised", self->unequalised,
                         "active", G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  vitrine_weight_figures_set_session(self->figures, session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(recipe_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(renew), self, G_CONNECT_SWAPPED);
  g_signal_connect(self, "map", G_CALLBACK(renew), NULL);
  g_signal_connect(self, "unmap", G_CALLBACK(unmap_cb), NULL);
  model_changed_cb(self);
}

static void
vitrine_weights_pane_class_init(VitrineWeightsPaneClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_weights_pane_dispose;
  VITRINE_PANE_CLASS(class)->start = vitrine_weights_pane_start;
  g_type_ensure(VITRINE_TYPE_WEIGHT_FIGURES);
  gtk_widget_class_set_template_from_resource(
      widget, "/io/github/vitrine/Vitrine/ui/vitrine-weights-pane.ui");
#define BIND(child) gtk_widget_class_bind_template_child(widget, VitrineWeightsPane, child)
  BIND(search);
  BIND(list);
  BIND(figures);
  BIND(unequalised);
#undef BIND
  gtk_widget_class_bind_template_callback(widget, search_cb);
  gtk_widget_class_bind_template_callback(widget, export_cb);
}

static void
vitrine_weights_pane_init(VitrineWeightsPane *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
  self->tree = vitrine_weight_tree_new(self->list);
  g_signal_connect_swapped(self->tree, "chosen", G_CALLBACK(chosen_cb), self);
}

gboolean
vitrine_weights_pane_select(VitrineWeightsPane *self, const char *path)
{
  g_return_val_if_fail(VITRINE_IS_WEIGHTS_PANE(self), FALSE);
  return vitrine_weight_tree_select(self->tree, path);
}

void
vitrine_weights_pane_export(VitrineWeightsPane *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_WEIGHTS_PANE(self));
  vitrine_weights_export_to(self->session, file);
}
