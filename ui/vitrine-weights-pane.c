#include "ui/vitrine-weights-pane.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "ui/vitrine-file-dialog.h"
#include "ui/vitrine-pane-resources.h"
#include "ui/vitrine-plot.h"
#include "ui/vitrine-weight-data.h"
#include "ui/vitrine-weight-node.h"

#define CURVE_POINTS 129 /* of the normal density */

struct _VitrineWeightsPane {
  GtkBox parent_instance;
  VitrineSession *session;
  VitrineWeightData *data; /* of the open model */
  VitrineWeightData *next; /* of newer weights, being measured; `data` is shown until it is done */
  guint measure_task, count_task;
  gboolean syncing;
  GPtrArray *nodes;  /* of VitrineWeightNode*, all: roots, groups, tensors */
  GListStore *roots; /* the tree's upper lines */
  GListStore *found; /* what the search shows */
  GtkSingleSelection *selection;
  VitrineWeightNode *chosen; /* what is shown below */
  SgPrune prune;             /* whose removed weights are counted */

  GtkWidget *search;
  GtkListView *list;
  GtkLabel *heading, *count, *zeros, *min, *max, *mean, *std, *threshold;
  GtkToggleButton *stored, *effective;
  GtkBox *plot_box;
  GtkSwitch *unequalised;
  GtkRevealer *warning;
  VitrinePlot *plot;
};

G_DEFINE_FINAL_TYPE(VitrineWeightsPane, vitrine_weights_pane, GTK_TYPE_BOX)

/* ---- the chosen layer --------------------------------------------------------------------------
 */

static gboolean
is_effective(VitrineWeightsPane *self)
{
  return gtk_toggle_button_get_active(self->effective);
}

static void
set_number(GtkLabel *label, gboolean known, double v)
{
  g_autofree char *text = known ? g_strdup_printf("%.5g", v) : g_strdup("…");
  gtk_label_set_text(label, text);
}

static void
set_count(GtkLabel *label, gboolean known, guint64 v)
{
  g_autofree char *text = known ? g_strdup_printf("%'" G_GUINT64_FORMAT, v) : g_strdup("…");
  gtk_label_set_text(label, text);
}

/* What the threshold takes: a line at ±t, and a sentence. `removed` NULL: being counted. */
static void
show_removed(VitrineWeightsPane *self, const guint64 *removed)
{
  GArray *indices = vitrine_weight_node_get_indices(self->chosen);
  double t = vitrine_weight_data_threshold(self->data, indices, is_effective(self), &self->prune);
  guint64 total = 0;

  for (guint i = 0; i < indices->len; i++) {
    const VitrineWeightRecord *r = self->data->records->pdata[g_array_index(indices, guint, i)];
    total += r->prunable ? r->tensor->numel : 0;
  }
  g_autofree char *text = NULL;
  g_autofree char *what = isnan(t) ? g_strdup(_("The layers' thresholds"))
                                   : g_strdup_printf(_("The threshold ±%.4g"), t);
  if (total == 0)
    text = g_strdup(_("Pruning leaves these numbers alone."));
  else if (t == 0)
    text = g_strdup(_("No pruning threshold is set here."));
  else if (!removed)
    text = g_strdup_printf(_("%s: counting…"), what);
  else
    text =
        g_strdup_printf(_("%s: %'" G_GUINT64_FORMAT " of %'" G_GUINT64_FORMAT " removed (%.2f %%)"),
                        what, *removed, total, 100.0 * (double)*removed / (double)total);
  gtk_label_set_text(self->threshold, text);
}

static void
counted_cb(gpointer removed, gboolean finished, gpointer user_data)
{
  VitrineWeightsPane *self = user_data;

  if (finished)
    self->count_task = 0;
  else if (self->chosen)
    show_removed(self, removed);
}

static void
count_removed(VitrineWeightsPane *self)
{
  vitrine_session_stop_task(self->session, self->count_task);
  self->count_task = 0;
  if (!self->chosen)
    return;
  show_removed(self, NULL);
  self->count_task = vitrine_weight_data_count(self->data, self->session,
                                               vitrine_weight_node_get_indices(self->chosen),
                                               &self->prune, counted_cb, self);
}

/* Lines at -t and t, from the axis to the top. */
static void
plot_threshold(VitrineWeightsPane *self, const VitrineWeightSum *sum, double top)
{
  double t = vitrine_weight_data_threshold(
      self->data, vitrine_weight_node_get_indices(self->chosen), is_effective(self), &self->prune);
  double x[] = {-t, -t, -t, t, t}, y[] = {0, top, NAN, 0, top};
  gboolean seen = !isnan(t) && t > 0 && t <= MAX(fabs(sum->low), fabs(sum->high));

  vitrine_plot_set_series(self->plot, 2, _("Threshold"), VITRINE_PLOT_LINE, seen ? 5 : 0, x, y);
}

static void
plot_normal(VitrineWeightsPane *self, const VitrineWeightSum *sum)
{
  double x[CURVE_POINTS], y[CURVE_POINTS];
  g_autofree char *label =
      sum->sigma == 1 ? g_strdup("N(0, 1)") : g_strdup_printf("N(0, %.3g²)", sum->sigma);

  for (int i = 0; i < CURVE_POINTS && sum->sigma > 0; i++) {
    x[i] = sum->low + (sum->high - sum->low) * i / (CURVE_POINTS - 1);
    y[i] = sg_normal_density(x[i], sum->sigma);
  }
  vitrine_plot_set_series(self->plot, 1, label, VITRINE_PLOT_DASHED,
                          sum->sigma > 0 ? CURVE_POINTS : 0, x, y);
}

static void
plot_sum(VitrineWeightsPane *self, const VitrineWeightSum *sum)
{
  double x[VITRINE_WEIGHT_BINS + 1], y[VITRINE_WEIGHT_BINS + 1] = {0};
  double width = (sum->high - sum->low) / VITRINE_WEIGHT_BINS;
  double top = sum->sigma > 0 ? sg_normal_density(0, sum->sigma) : 0;

  for (int i = 0; i <= VITRINE_WEIGHT_BINS; i++)
    x[i] = sum->low + width * i;
  for (int i = 0; i < VITRINE_WEIGHT_BINS; i++) {
    y[i] = (double)sum->counts[i] / ((double)MAX(sum->stats.finite, 1) * width);
    top = MAX(top, y[i]);
  }
  top *= 1.05;
  vitrine_plot_set_x_range(self->plot, sum->low, sum->high);
  vitrine_plot_set_y_range(self->plot, 0, top > 0 ? top : 1);
  vitrine_plot_set_series(self->plot, 0, _("Weights"), VITRINE_PLOT_BARS, VITRINE_WEIGHT_BINS + 1,
                          x, y);
  plot_normal(self, sum);
  plot_threshold(self, sum, top);
}

static void
show_chosen(VitrineWeightsPane *self)
{
  VitrineWeightSum sum = {.stats = sg_weight_stats_none()};
  gboolean known = self->chosen && vitrine_weight_data_sum(
                                       self->data, vitrine_weight_node_get_indices(self->chosen),
                                       is_effective(self), &sum);
  gboolean any = known && sum.stats.finite > 0;
  g_autofree char *outside =
      sum.outside ? g_strdup_printf(ngettext("%'" G_GUINT64_FORMAT " lies outside the range drawn",
                                             "%'" G_GUINT64_FORMAT " lie outside the range drawn",
                                             sum.outside),
                                    sum.outside)
                  : NULL;

  gtk_label_set_text(self->heading, self->chosen ? vitrine_weight_node_get_path(self->chosen) : "");
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->heading), gtk_label_get_text(self->heading));
  set_count(self->count, known, sum.stats.count);
  set_count(self->zeros, known, sum.stats.zeros);
  set_number(self->min, any, sum.stats.min);
  set_number(self->max, any, sum.stats.max);
  set_number(self->mean, any, sum.stats.mean);
  set_number(self->std, any, sum.stats.std);
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->plot), outside);
  if (known) {
    plot_sum(self, &sum);
    return;
  }
  for (guint i = 0; i < 3; i++)
    vitrine_plot_set_series(self->plot, i, "", VITRINE_PLOT_LINE, 0, NULL, NULL);
}

static void
view_cb(GtkToggleButton *button, VitrineWeightsPane *self)
{
  if (!self->chosen)
    return;
  show_chosen(self);
  count_removed(self);
}

static void
choose(VitrineWeightsPane *self, VitrineWeightNode *node)
{
  if (!g_set_object(&self->chosen, node) || !node)
    return;
  show_chosen(self);
  count_removed(self);
}

static void
selected_cb(VitrineWeightsPane *self)
{
  GtkTreeListRow *row =
      self->syncing ? NULL : gtk_single_selection_get_selected_item(self->selection);
  g_autoptr(VitrineWeightNode) node = row ? gtk_tree_list_row_get_item(row) : NULL;

  if (node)
    choose(self, node);
}

/* ---- the tree ----------------------------------------------------------------------------------
 */

static void
update_detail(VitrineWeightsPane *self, VitrineWeightNode *node)
{
  VitrineWeightSum sum;

  if (!vitrine_weight_data_sum(self->data, vitrine_weight_node_get_indices(node), FALSE, &sum))
    return;
  g_autofree char *text =
      g_strdup_printf("%'" G_GUINT64_FORMAT " · σ %.3g", sum.stats.count, sum.stats.std);
  vitrine_weight_node_set_detail(node, text);
}

static gboolean
holds(VitrineWeightNode *node, guint index)
{
  GArray *indices = vitrine_weight_node_get_indices(node);

  for (guint i = 0; i < indices->len; i++)
    if (g_array_index(indices, guint, i) == index)
      return TRUE;
  return FALSE;
}

static void renew(VitrineWeightsPane *self);

/* The statistics of newer weights take the place of those shown, all at once. */
static void
show_next(VitrineWeightsPane *self)
{
  vitrine_session_stop_task(self->session, self->count_task);
  self->count_task = 0;
  vitrine_free_elsewhere(self->data, (GDestroyNotify)vitrine_weight_data_unref);
  self->data = g_steal_pointer(&self->next);
  for (guint i = 0; i < self->nodes->len; i++)
    update_detail(self, self->nodes->pdata[i]);
  if (!self->chosen)
    return;
  show_chosen(self);
  count_removed(self);
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
  for (guint i = 0; i < self->nodes->len; i++)
    if (holds(self->nodes->pdata[i], index))
      update_detail(self, self->nodes->pdata[i]);
  if (self->chosen && holds(self->chosen, index))
    show_chosen(self);
}

/* The names of a record's lines: "G_ema", "synthesis.b4", "conv1.weight". */
static void
split_name(const char *name, char **network, char **group, const char **leaf)
{
  const char *dot = strchr(name, '.'), *rest = dot + 1;
  const char *end = strchr(rest, '.');

  if (end && g_str_has_prefix(rest, "synthesis."))
    end = strchr(end + 1, '.');
  *network = g_strndup(name, (gsize)(dot - name));
  *group = end ? g_strndup(rest, (gsize)(end - rest)) : NULL;
  *leaf = end ? end + 1 : rest;
}

static VitrineWeightNode *
root_of(VitrineWeightsPane *self, const char *network)
{
  guint n = g_list_model_get_n_items(G_LIST_MODEL(self->roots));

  for (guint i = 0; i < n; i++) {
    g_autoptr(VitrineWeightNode) root = g_list_model_get_item(G_LIST_MODEL(self->roots), i);
    if (g_str_equal(vitrine_weight_node_get_path(root), network))
      return root; /* the list keeps it */
  }
  g_autofree char *label =
      g_strdup_printf("%s (%s)", network,
                      g_str_equal(network, "D") ? _("whole discriminator") : _("whole generator"));
  g_autoptr(VitrineWeightNode) root = vitrine_weight_node_new(label, network);
  g_list_store_append(self->roots, root);
  g_ptr_array_add(self->nodes, g_object_ref(root));
  return root;
}

static void
note(VitrineWeightsPane *self, VitrineWeightNode *node)
{
  if (!g_ptr_array_find(self->nodes, node, NULL))
    g_ptr_array_add(self->nodes, g_object_ref(node));
}

/* Groups sum weights only: biases and noise would blur what they show. */
static void
add_line(VitrineWeightsPane *self, guint index)
{
  const VitrineWeightRecord *r = self->data->records->pdata[index];
  g_autofree char *network = NULL, *group = NULL;
  const char *leaf;

  split_name(r->name, &network, &group, &leaf);
  VitrineWeightNode *root = root_of(self, network), *parent = root;
  if (group) {
    g_autofree char *path = g_strconcat(network, ".", group, NULL);
    parent = vitrine_weight_node_child(root, group, path);
    note(self, parent);
  }
  VitrineWeightNode *line = vitrine_weight_node_child(parent, leaf, r->name);
  note(self, line);
  g_array_append_val(vitrine_weight_node_get_indices(line), index);
  gboolean weight = r->prunable || (g_str_equal(network, "D") && r->sigma > 0);
  if (weight)
    g_array_append_val(vitrine_weight_node_get_indices(root), index);
  if (weight && parent != root)
    g_array_append_val(vitrine_weight_node_get_indices(parent), index);
}

static GListModel *
children_cb(gpointer item, gpointer data)
{
  GListStore *children = vitrine_weight_node_get_children(item);
  return children ? G_LIST_MODEL(g_object_ref(children)) : NULL;
}

static GListModel *
no_children_cb(gpointer item, gpointer data)
{
  return NULL;
}

/* The generator's groups are open at first. */
static void
show_list(VitrineWeightsPane *self, gboolean searching)
{
  GListModel *model = G_LIST_MODEL(g_object_ref(searching ? self->found : self->roots));
  g_autoptr(GtkTreeListModel) tree = gtk_tree_list_model_new(
      model, FALSE, FALSE, searching ? no_children_cb : children_cb, NULL, NULL);
  g_autoptr(GtkTreeListRow) first = gtk_tree_list_model_get_row(tree, 0);

  self->syncing = TRUE;
  if (first && !searching)
    gtk_tree_list_row_set_expanded(first, TRUE);
  gtk_single_selection_set_model(self->selection, G_LIST_MODEL(tree));
  self->syncing = FALSE;
}

/* The line that shows a node in what the list shows now; opens the lines above it. */
static int
reveal(VitrineWeightsPane *self, VitrineWeightNode *node)
{
  GListModel *rows = gtk_single_selection_get_model(self->selection);

  for (guint i = 0; i < g_list_model_get_n_items(rows); i++) {
    g_autoptr(GtkTreeListRow) row = g_list_model_get_item(rows, i);
    g_autoptr(VitrineWeightNode) item = gtk_tree_list_row_get_item(row);
    const char *path = vitrine_weight_node_get_path(item), *wanted;
    if (item == node)
      return (int)i;
    wanted = vitrine_weight_node_get_path(node);
    gsize n = strlen(path);
    if (strncmp(wanted, path, n) == 0 && wanted[n] == '.')
      gtk_tree_list_row_set_expanded(row, TRUE);
  }
  return -1;
}

static void
select_node(VitrineWeightsPane *self, VitrineWeightNode *node)
{
  int at = reveal(self, node);

  if (at >= 0) {
    gtk_single_selection_set_selected(self->selection, (guint)at);
    gtk_widget_activate_action(GTK_WIDGET(self->list), "list.scroll-to-item", "u", (guint)at);
  }
  choose(self, node);
}

static void
search_cb(GtkSearchEntry *entry, VitrineWeightsPane *self)
{
  g_autofree char *wanted = g_utf8_casefold(gtk_editable_get_text(GTK_EDITABLE(entry)), -1);

  g_list_store_remove_all(self->found);
  for (guint i = 0; wanted[0] && i < self->nodes->len; i++) {
    VitrineWeightNode *node = self->nodes->pdata[i];
    g_autofree char *path = g_utf8_casefold(vitrine_weight_node_get_path(node), -1);
    if (!vitrine_weight_node_get_children(node) && strstr(path, wanted))
      g_list_store_append(self->found, node);
  }
  show_list(self, wanted[0] != '\0');
  if (!wanted[0] && self->chosen)
    select_node(self, self->chosen);
  else
    selected_cb(self);
}

static void
setup_row_cb(GtkSignalListItemFactory *factory, GtkListItem *item)
{
  GtkWidget *expander = gtk_tree_expander_new(), *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *name = gtk_label_new(NULL), *detail = gtk_label_new(NULL);

  gtk_label_set_xalign(GTK_LABEL(name), 0);
  gtk_label_set_ellipsize(GTK_LABEL(name), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand(name, TRUE);
  gtk_widget_add_css_class(detail, "dim-label");
  gtk_widget_add_css_class(detail, "caption");
  gtk_widget_add_css_class(detail, "numeric");
  gtk_box_append(GTK_BOX(box), name);
  gtk_box_append(GTK_BOX(box), detail);
  gtk_tree_expander_set_child(GTK_TREE_EXPANDER(expander), box);
  gtk_list_item_set_child(item, expander);
}

static void
bind_row_cb(GtkSignalListItemFactory *factory, GtkListItem *item, VitrineWeightsPane *self)
{
  GtkTreeListRow *row = gtk_list_item_get_item(item);
  g_autoptr(VitrineWeightNode) node = gtk_tree_list_row_get_item(row);
  GtkTreeExpander *expander = GTK_TREE_EXPANDER(gtk_list_item_get_child(item));
  GtkWidget *name = gtk_widget_get_first_child(gtk_tree_expander_get_child(expander));
  gboolean searching = gtk_editable_get_text(GTK_EDITABLE(self->search))[0] != '\0';

  gtk_tree_expander_set_list_row(expander, row);
  gtk_label_set_text(GTK_LABEL(name), searching ? vitrine_weight_node_get_path(node)
                                                : vitrine_weight_node_get_label(node));
  gtk_widget_set_tooltip_text(name, vitrine_weight_node_get_path(node));
  GBinding *binding = g_object_bind_property(node, "detail", gtk_widget_get_next_sibling(name),
                                             "label", G_BINDING_SYNC_CREATE);
  g_object_set_data_full(G_OBJECT(item), "detail", g_object_ref(binding), g_object_unref);
}

static void
unbind_row_cb(GtkSignalListItemFactory *factory, GtkListItem *item)
{
  /* Ours: the node, and with it the binding's own reference, may be gone already. */
  GBinding *binding = g_object_steal_data(G_OBJECT(item), "detail");

  if (binding)
    g_binding_unbind(binding);
  g_clear_object(&binding);
  gtk_tree_expander_set_list_row(GTK_TREE_EXPANDER(gtk_list_item_get_child(item)), NULL);
}

/* ---- the session -------------------------------------------------------------------------------
 */

static void
recipe_changed_cb(VitrineWeightsPane *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);

  if (!recipe || !self->data)
    return;
  self->syncing = TRUE;
  gtk_switch_set_active(self->unequalised, recipe->prune.unequalised);
  self->syncing = FALSE;
  gtk_revealer_set_reveal_child(self->warning, recipe->prune.unequalised);
  if (sg_prune_equal(&self->prune, &recipe->prune))
    return;
  sg_prune_clear(&self->prune);
  sg_prune_copy(&self->prune, &recipe->prune);
  if (!self->chosen)
    return;
  show_chosen(self);
  count_removed(self);
}

static void show_model(VitrineWeightsPane *self, SgModel *model);

static void
forget_model(VitrineWeightsPane *self)
{
  if (self->session) {
    vitrine_session_stop_task(self->session, self->measure_task);
    vitrine_session_stop_task(self->session, self->count_task);
  }
  self->measure_task = self->count_task = 0;
  g_clear_object(&self->chosen);
  g_ptr_array_set_size(self->nodes, 0);
  g_clear_pointer(&self->data, vitrine_weight_data_unref);
  g_clear_pointer(&self->next, vitrine_weight_data_unref);
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
  vitrine_session_stop_task(self->session, self->measure_task);
  self->measure_task = 0;
  g_clear_pointer(&self->next, vitrine_weight_data_unref);
}

/* Another model, or one whose file holds other tensors; what was chosen is chosen again. */
static void
show_model(VitrineWeightsPane *self, SgModel *model)
{
  g_autofree char *chosen =
      self->chosen ? g_strdup(vitrine_weight_node_get_path(self->chosen)) : NULL;

  forget_model(self);
  g_list_store_remove_all(self->found);
  g_list_store_remove_all(self->roots);
  self->data = vitrine_weight_data_new(model);
  for (guint i = 0; i < self->data->records->len; i++)
    add_line(self, i);
  self->measure_task = vitrine_weight_data_measure(self->data, self->session, measured_cb, self);
  gtk_editable_set_text(GTK_EDITABLE(self->search), "");
  show_list(self, FALSE);
  recipe_changed_cb(self);
  if (self->nodes->len && !(chosen && vitrine_weights_pane_select(self, chosen)))
    select_node(self, self->nodes->pdata[0]);
}

static void
unequalised_cb(GtkSwitch *button, GParamSpec *pspec, VitrineWeightsPane *self)
{
  const SgRecipe *now =
      self->syncing || !self->session ? NULL : vitrine_session_get_recipe(self->session);
  if (!now)
    return;
  SgRecipe *recipe = sg_recipe_copy(now);
  recipe->prune.unequalised = gtk_switch_get_active(button);
  vitrine_session_apply(self->session, recipe, _("Equalised learning rate"), NULL);
}

/* ---- export ------------------------------------------------------------------------------------
 */

typedef struct {
  SgModel *model;
  GFile *file;
} Export;

static void
export_free(gpointer data)
{
  Export *export = data;

  sg_model_unref(export->model);
  g_object_unref(export->file);
  g_free(export);
}

static void
export_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Export *export = data;
  g_autofree char *csv = vitrine_weight_data_csv(export->model, VITRINE_WEIGHT_BINS);
  GError *error = NULL;

  if (g_file_replace_contents(export->file, csv, strlen(csv), NULL, FALSE, G_FILE_CREATE_NONE, NULL,
                              cancellable, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void
exported_cb(GObject *session, GAsyncResult *result, gpointer data)
{
  Export *export = g_task_get_task_data(G_TASK(result));
  g_autofree char *name = g_file_get_basename(export->file);
  g_autoptr(GError) error = NULL;
  gboolean good = g_task_propagate_boolean(G_TASK(result), &error);
  g_autofree char *text =
      good ? g_strdup_printf(_("Saved %s"), name)
           : g_strdup_printf("%s\n\n%s", _("The file could not be saved"), error->message);

  g_signal_emit_by_name(session, "message", text, !good);
}

void
vitrine_weights_pane_export(VitrineWeightsPane *self, GFile *file)
{
  if (!self->data)
    return;
  Export *export = g_new0(Export, 1);
  g_autoptr(GTask) task = g_task_new(self->session, NULL, exported_cb, NULL);

  export->model = sg_model_ref(self->data->model);
  export->file = g_object_ref(file);
  g_task_set_task_data(task, export, export_free);
  g_task_run_in_thread(task, export_thread);
}

static void
export_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineWeightsPane) self = data;

  if (file && self->session)
    vitrine_weights_pane_export(self, file);
}

static void
export_cb(GtkButton *button, VitrineWeightsPane *self)
{
  GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));

  vitrine_file_dialog_save(GTK_WINDOW(root), _("Export Weights"), "weights.csv", NULL,
                           export_chosen_cb, g_object_ref(self));
}

/* ---- life --------------------------------------------------------------------------------------
 */

static void
vitrine_weights_pane_dispose(GObject *object)
{
  VitrineWeightsPane *self = VITRINE_WEIGHTS_PANE(object);

  if (self->session)
    forget_model(self);
  if (self->selection)
    g_signal_handlers_disconnect_by_data(self->selection, self);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_WEIGHTS_PANE);
  g_clear_object(&self->selection);
  g_clear_object(&self->roots);
  g_clear_object(&self->found);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_weights_pane_parent_class)->dispose(object);
}

static void
vitrine_weights_pane_finalize(GObject *object)
{
  VitrineWeightsPane *self = VITRINE_WEIGHTS_PANE(object);

  g_ptr_array_unref(self->nodes);
  sg_prune_clear(&self->prune);
  G_OBJECT_CLASS(vitrine_weights_pane_parent_class)->finalize(object);
}

static void
vitrine_weights_pane_class_init(VitrineWeightsPaneClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_weights_pane_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_weights_pane_finalize;
  vitrine_pane_register_resource();
  gtk_widget_class_set_template_from_resource(
      widget, "/io/github/vitrine/Vitrine/pane/vitrine-weights-pane.ui");
#define BIND(child) gtk_widget_class_bind_template_child(widget, VitrineWeightsPane, child)
  BIND(search);
  BIND(list);
  BIND(heading);
  BIND(count);
  BIND(zeros);
  BIND(min);
  BIND(max);
  BIND(mean);
  BIND(std);
  BIND(threshold);
  BIND(stored);
  BIND(effective);
  BIND(plot_box);
  BIND(unequalised);
  BIND(warning);
#undef BIND
  gtk_widget_class_bind_template_callback(widget, search_cb);
  gtk_widget_class_bind_template_callback(widget, export_cb);
  gtk_widget_class_bind_template_callback(widget, view_cb);
  gtk_widget_class_bind_template_callback(widget, unequalised_cb);
}

static void
vitrine_weights_pane_init(VitrineWeightsPane *self)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new();

  gtk_widget_init_template(GTK_WIDGET(self));
  self->nodes = g_ptr_array_new_with_free_func(g_object_unref);
  self->roots = g_list_store_new(VITRINE_TYPE_WEIGHT_NODE);
  self->found = g_list_store_new(VITRINE_TYPE_WEIGHT_NODE);
  self->selection = gtk_single_selection_new(NULL);
  gtk_list_view_set_model(self->list, GTK_SELECTION_MODEL(self->selection));
  g_signal_connect_swapped(self->selection, "notify::selected-item", G_CALLBACK(selected_cb), self);
  g_signal_connect(factory, "setup", G_CALLBACK(setup_row_cb), NULL);
  g_signal_connect(factory, "bind", G_CALLBACK(bind_row_cb), self);
  g_signal_connect(factory, "unbind", G_CALLBACK(unbind_row_cb), NULL);
  gtk_list_view_set_factory(self->list, factory);
  g_object_unref(factory);
  self->plot = VITRINE_PLOT(vitrine_plot_new());
  gtk_widget_set_name(GTK_WIDGET(self->plot), "weights-plot");
  gtk_widget_set_hexpand(GTK_WIDGET(self->plot), TRUE);
  vitrine_plot_set_labels(self->plot, NULL, NULL);
  gtk_box_append(self->plot_box, GTK_WIDGET(self->plot));
}

GtkWidget *
vitrine_weights_pane_new(VitrineSession *session)
{
  VitrineWeightsPane *self = g_object_new(VITRINE_TYPE_WEIGHTS_PANE, NULL);

  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(recipe_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(renew), self, G_CONNECT_SWAPPED);
  g_signal_connect(self, "map", G_CALLBACK(renew), NULL);
  g_signal_connect(self, "unmap", G_CALLBACK(unmap_cb), NULL);
  model_changed_cb(self);
  return GTK_WIDGET(self);
}

gboolean
vitrine_weights_pane_select(VitrineWeightsPane *self, const char *path)
{
  for (guint i = 0; i < self->nodes->len; i++)
    if (g_str_equal(vitrine_weight_node_get_path(self->nodes->pdata[i]), path)) {
      select_node(self, self->nodes->pdata[i]);
      return TRUE;
    }
  return FALSE;
}
