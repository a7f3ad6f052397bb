#include "ui/weights/vitrine-weight-tree.h"
#include "ui/parts/vitrine-number.h"
#include <glib/gi18n.h>
#include <string.h>

struct _VitrineWeightTree {
  GObject parent_instance;
  GtkListView *view; /* borrowed */
  VitrineWeightData *data;
  GPtrArray *nodes;  /* of VitrineWeightNode*, all: roots, groups, tensors */
  GListStore *roots; /* the tree's upper lines */
  GListStore *found; /* what the search shows */
  GtkSingleSelection *selection;
  VitrineWeightNode *chosen;
  gboolean searching;
};

enum { CHOSEN, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(VitrineWeightTree, vitrine_weight_tree, G_TYPE_OBJECT)

/* ---- the lines --------------------------------------------------------------------------- */

static void
update_detail(VitrineWeightTree *self, VitrineWeightNode *node)
{
  VitrineWeightSum sum;

  if (!vitrine_weight_data_sum(self->data, vitrine_weight_node_get_indices(node), FALSE, &sum))
    return;
  g_autofree char *text =
      g_strdup_printf("%'" G_GUINT64_FORMAT " · σ %.3g", sum.stats.count, sum.stats.std);
  vitrine_weight_node_set_detail(node, text);
}

/* The names of a record's lines: the network, the group of layers (NULL: none), the rest. */
static void
split_name(const VitrineWeightRecord *r, char **network, char **group, const char **leaf)
{
  const char *dot = strchr(r->name, '.'), *rest = dot + 1;

  *network = g_strndup(r->name, (gsize)(dot - r->name));
  *group = r->group[0] ? g_strdup(r->group) : NULL;
  *leaf = r->group[0] ? rest + strlen(r->group) + 1 : rest;
}

static VitrineWeightNode *
root_of(VitrineWeightTree *self, const char *network)
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
note(VitrineWeightTree *self, VitrineWeightNode *node)
{
  if (!g_ptr_array_find(self->nodes, node, NULL))
    g_ptr_array_add(self->nodes, g_object_ref(node));
}

/* Groups sum weights only: biases and noise would blur what they show. */
static void
add_line(VitrineWeightTree *self, guint index)
{
  const VitrineWeightRecord *r = self->data->records->pdata[index];
  g_autofree char *network = NULL, *group = NULL;
  const char *leaf;

  split_name(r, &network, &group, &leaf);
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
show_list(VitrineWeightTree *self)
{
  GListModel *model = G_LIST_MODEL(g_object_ref(self->searching ? self->found : self->roots));
  g_autoptr(GtkTreeListModel) tree = gtk_tree_list_model_new(
      model, FALSE, FALSE, self->searching ? no_children_cb : children_cb, NULL, NULL);
  g_autoptr(GtkTreeListRow) first = gtk_tree_list_model_get_row(tree, 0);

  if (first && !self->searching)
    gtk_tree_list_row_set_expanded(first, TRUE);
  gtk_single_selection_set_model(self->selection, G_LIST_MODEL(tree));
}

/* ---- choosing ---------------------------------------------------------------------------- */

static void
choose(VitrineWeightTree *self, VitrineWeightNode *node)
{
  if (g_set_object(&self->chosen, node) && node)
    g_signal_emit(self, signals[CHOSEN], 0);
}

static void
selected_cb(VitrineWeightTree *self)
{
  GtkTreeListRow *row = gtk_single_selection_get_selected_item(self->selection);
  g_autoptr(VitrineWeightNode) node = row ? gtk_tree_list_row_get_item(row) : NULL;

  if (node)
    choose(self, node);
}

/* The line that shows a node in what the list shows now; opens the lines above it. */
static int
reveal(VitrineWeightTree *self, VitrineWeightNode *node)
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
select_node(VitrineWeightTree *self, VitrineWeightNode *node)
{
  int at = reveal(self, node);

  if (at >= 0) {
    gtk_single_selection_set_selected(self->selection, (guint)at);
    gtk_widget_activate_action(GTK_WIDGET(self->view), "list.scroll-to-item", "u", (guint)at);
  }
  choose(self, node);
}

/* ---- keys -------------------------------------------------------------------------------- */

/* The line gets selection and focus. */
static void
go_to(VitrineWeightTree *self, GtkTreeListRow *row)
{
  guint at = gtk_tree_list_row_get_position(row);

  gtk_single_selection_set_selected(self->selection, at);
  gtk_widget_activate_action(GTK_WIDGET(self->view), "list.scroll-to-item", "u", at);
  for (GtkWidget *w = gtk_widget_get_first_child(GTK_WIDGET(self->view)); w;
       w = gtk_widget_get_next_sibling(w)) {
    GtkWidget *line = gtk_widget_get_first_child(w);
    if (GTK_IS_TREE_EXPANDER(line) &&
        gtk_tree_expander_get_list_row(GTK_TREE_EXPANDER(line)) == row)
      gtk_widget_grab_focus(w);
  }
}

/* As in any tree: Right opens a line, then goes to its first child; Left closes it, or goes to the
 * line it belongs to. (The expander itself wants Shift with them.) */
static gboolean
key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
       VitrineWeightTree *self)
{
  GtkTreeListRow *row = gtk_single_selection_get_selected_item(self->selection);
  gboolean mirrored = gtk_widget_get_direction(GTK_WIDGET(self->view)) == GTK_TEXT_DIR_RTL;
  gboolean right = key == GDK_KEY_Right || key == GDK_KEY_KP_Right;
  gboolean left = key == GDK_KEY_Left || key == GDK_KEY_KP_Left;

  if (!row || !(left || right) || (state & gtk_accelerator_get_default_mod_mask()))
    return GDK_EVENT_PROPAGATE;
  gboolean open = gtk_tree_list_row_get_expanded(row);
  g_autoptr(GtkTreeListRow) other = NULL;
  if (right == mirrored)
    other = open ? NULL : gtk_tree_list_row_get_parent(row);
  else if (open)
    other = gtk_tree_list_row_get_child_row(row, 0);
  if (other)
    go_to(self, other);
  else if (gtk_tree_list_row_is_expandable(row))
    gtk_tree_list_row_set_expanded(row, right != mirrored);
  return GDK_EVENT_STOP;
}

/* ---- a row ------------------------------------------------------------------------------- */

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
  vitrine_numeric(detail);
  gtk_box_append(GTK_BOX(box), name);
  gtk_box_append(GTK_BOX(box), detail);
  gtk_tree_expander_set_child(GTK_TREE_EXPANDER(expander), box);
  gtk_list_item_set_child(item, expander);
}

static void
bind_row_cb(GtkSignalListItemFactory *factory, GtkListItem *item, VitrineWeightTree *self)
{
  GtkTreeListRow *row = gtk_list_item_get_item(item);
  g_autoptr(VitrineWeightNode) node = gtk_tree_list_row_get_item(row);
  GtkTreeExpander *expander = GTK_TREE_EXPANDER(gtk_list_item_get_child(item));
  GtkWidget *name = gtk_widget_get_first_child(gtk_tree_expander_get_child(expander));

  gtk_tree_expander_set_list_row(expander, row);
  gtk_label_set_text(GTK_LABEL(name), self->searching ? vitrine_weight_node_get_path(node)
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

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_weight_tree_dispose(GObject *object)
{
  VitrineWeightTree *self = VITRINE_WEIGHT_TREE(object);

  if (self->selection)
    g_signal_handlers_disconnect_by_data(self->selection, self);
  g_clear_object(&self->selection);
  g_clear_object(&self->roots);
  g_clear_object(&self->found);
  g_clear_object(&self->chosen);
  g_clear_pointer(&self->nodes, g_ptr_array_unref);
  g_clear_pointer(&self->data, vitrine_weight_data_unref);
  G_OBJECT_CLASS(vitrine_weight_tree_parent_class)->dispose(object);
}

static void
vitrine_weight_tree_class_init(VitrineWeightTreeClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_weight_tree_dispose;
  signals[CHOSEN] = g_signal_new("chosen", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_weight_tree_init(VitrineWeightTree *self)
{
  self->nodes = g_ptr_array_new_with_free_func(g_object_unref);
  self->roots = g_list_store_new(VITRINE_TYPE_WEIGHT_NODE);
  self->found = g_list_store_new(VITRINE_TYPE_WEIGHT_NODE);
  /* Lines that come and go choose nothing by themselves. */
  self->selection = gtk_single_selection_new(NULL);
  gtk_single_selection_set_autoselect(self->selection, FALSE);
  g_signal_connect_swapped(self->selection, "notify::selected-item", G_CALLBACK(selected_cb), self);
}

VitrineWeightTree *
vitrine_weight_tree_new(GtkListView *view)
{
  VitrineWeightTree *self = g_object_new(VITRINE_TYPE_WEIGHT_TREE, NULL);
  g_autoptr(GtkListItemFactory) factory = gtk_signal_list_item_factory_new();
  GtkEventController *keys = gtk_event_controller_key_new();

  self->view = view;
  /* Before the list, which takes every arrow. */
  gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
  g_signal_connect_object(keys, "key-pressed", G_CALLBACK(key_cb), self, 0);
  gtk_widget_add_controller(GTK_WIDGET(view), keys);
  gtk_list_view_set_model(view, GTK_SELECTION_MODEL(self->selection));
  g_signal_connect(factory, "setup", G_CALLBACK(setup_row_cb), NULL);
  g_signal_connect_object(factory, "bind", G_CALLBACK(bind_row_cb), self, 0);
  g_signal_connect(factory, "unbind", G_CALLBACK(unbind_row_cb), NULL);
  gtk_list_view_set_factory(view, factory);
  return self;
}

void
vitrine_weight_tree_set_data(VitrineWeightTree *self, VitrineWeightData *data)
{
  g_return_if_fail(VITRINE_IS_WEIGHT_TREE(self));
  g_clear_object(&self->chosen);
  g_ptr_array_set_size(self->nodes, 0);
  g_list_store_remove_all(self->found);
  g_list_store_remove_all(self->roots);
  g_clear_pointer(&self->data, vitrine_weight_data_unref);
  self->data = data ? vitrine_weight_data_ref(data) : NULL;
  for (guint i = 0; data && i < data->records->len; i++)
    add_line(self, i);
  self->searching = FALSE;
  show_list(self);
}

void
vitrine_weight_tree_renew(VitrineWeightTree *self, VitrineWeightData *data)
{
  g_return_if_fail(VITRINE_IS_WEIGHT_TREE(self));
  vitrine_weight_data_ref(data);
  g_clear_pointer(&self->data, vitrine_weight_data_unref);
  self->data = data;
  for (guint i = 0; i < self->nodes->len; i++)
    update_detail(self, self->nodes->pdata[i]);
}

void
vitrine_weight_tree_measured(VitrineWeightTree *self, guint index)
{
  g_return_if_fail(VITRINE_IS_WEIGHT_TREE(self));
  for (guint i = 0; i < self->nodes->len; i++)
    if (vitrine_weight_node_holds(self->nodes->pdata[i], index))
      update_detail(self, self->nodes->pdata[i]);
}

void
vitrine_weight_tree_search(VitrineWeightTree *self, const char *text)
{
  g_return_if_fail(VITRINE_IS_WEIGHT_TREE(self));
  g_autofree char *wanted = g_utf8_casefold(text, -1);

  g_list_store_remove_all(self->found);
  for (guint i = 0; wanted[0] && i < self->nodes->len; i++) {
    VitrineWeightNode *node = self->nodes->pdata[i];
    g_autofree char *path = g_utf8_casefold(vitrine_weight_node_get_path(node), -1);
    if (!vitrine_weight_node_get_children(node) && strstr(path, wanted))
      g_list_store_append(self->found, node);
  }
  self->searching = wanted[0] != '\0';
  show_list(self);
  if (!self->searching && self->chosen)
    select_node(self, self->chosen);
  else if (g_list_model_get_n_items(G_LIST_MODEL(self->found)) > 0)
    gtk_single_selection_set_selected(self->selection, 0);
}

VitrineWeightNode *
vitrine_weight_tree_get_chosen(VitrineWeightTree *self)
{
  g_return_val_if_fail(VITRINE_IS_WEIGHT_TREE(self), NULL);
  return self->chosen;
}

gboolean
vitrine_weight_tree_select(VitrineWeightTree *self, const char *path)
{
  g_return_val_if_fail(VITRINE_IS_WEIGHT_TREE(self), FALSE);
  for (guint i = 0; i < self->nodes->len; i++)
    if (!path || g_str_equal(vitrine_weight_node_get_path(self->nodes->pdata[i]), path)) {
      select_node(self, self->nodes->pdata[i]);
      return TRUE;
    }
  return FALSE;
}
