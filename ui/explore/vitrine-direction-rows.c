#include "ui/explore/vitrine-direction-rows.h"

struct _VitrineDirectionRows {
  GtkBox parent_instance;
  GListModel *list;
  GtkWidget *empty; /* NULL: hidden when empty */
  GtkBox *rows;
  GHashTable *known; /* VitrineDirection -> row, both borrowed */
  VitrineRowFunc make;
  gpointer data;
};

G_DEFINE_FINAL_TYPE(VitrineDirectionRows, vitrine_direction_rows, GTK_TYPE_BOX)

static void
remove_missing(VitrineDirectionRows *self)
{
  g_autoptr(GHashTable) there = g_hash_table_new(NULL, NULL);
  GHashTableIter iter;
  gpointer direction, row;

  for (guint i = 0; i < g_list_model_get_n_items(self->list); i++) {
    g_autoptr(VitrineDirection) d = g_list_model_get_item(self->list, i);
    g_hash_table_add(there, d);
  }
  g_hash_table_iter_init(&iter, self->known);
  while (g_hash_table_iter_next(&iter, &direction, &row))
    if (!g_hash_table_contains(there, direction)) {
      gtk_box_remove(self->rows, row);
      g_hash_table_iter_remove(&iter);
    }
}

static void
list_cb(VitrineDirectionRows *self)
{
  guint n = g_list_model_get_n_items(self->list);
  GtkWidget *before = NULL;

  remove_missing(self);
  for (guint i = 0; i < n; i++) {
    g_autoptr(VitrineDirection) d = g_list_model_get_item(self->list, i);
    GtkWidget *row = g_hash_table_lookup(self->known, d);
    if (!row) {
      row = self->make(d, self->data);
      gtk_box_append(self->rows, row);
      g_hash_table_insert(self->known, d, row);
    }
    gtk_box_reorder_child_after(self->rows, row, before);
    before = row;
  }
  if (self->empty)
    gtk_widget_set_visible(self->empty, n == 0);
  else
    gtk_widget_set_visible(GTK_WIDGET(self), n > 0);
}

static void
vitrine_direction_rows_dispose(GObject *object)
{
  VitrineDirectionRows *self = VITRINE_DIRECTION_ROWS(object);

  if (self->list)
    g_signal_handlers_disconnect_by_data(self->list, self);
  g_clear_object(&self->list);
  g_clear_pointer(&self->known, g_hash_table_unref);
  G_OBJECT_CLASS(vitrine_direction_rows_parent_class)->dispose(object);
}

static void
vitrine_direction_rows_class_init(VitrineDirectionRowsClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_direction_rows_dispose;
  gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(class), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
vitrine_direction_rows_init(VitrineDirectionRows *self)
{
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  self->known = g_hash_table_new(NULL, NULL);
}

static GtkWidget *
heading_new(const char *title, GtkWidget *extra)
{
  GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6), *label = gtk_label_new(title);

  gtk_widget_add_css_class(line, "explore-heading");
  gtk_widget_add_css_class(label, "heading");
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_widget_set_hexpand(label, TRUE);
  gtk_box_append(GTK_BOX(line), label);
  if (extra)
    gtk_box_append(GTK_BOX(line), extra);
  return line;
}

GtkWidget *
vitrine_direction_rows_new(const char *title, GListModel *list, GtkWidget *extra, const char *empty,
                           VitrineRowFunc make, gpointer data)
{
  VitrineDirectionRows *self = g_object_new(VITRINE_TYPE_DIRECTION_ROWS, NULL);

  self->list = g_object_ref(list);
  self->make = make;
  self->data = data;
  gtk_box_append(GTK_BOX(self), heading_new(title, extra));
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  if (empty) {
    self->empty = gtk_label_new(empty);
    gtk_label_set_wrap(GTK_LABEL(self->empty), TRUE);
    gtk_label_set_xalign(GTK_LABEL(self->empty), 0);
    gtk_widget_add_css_class(self->empty, "direction-details");
    gtk_box_append(GTK_BOX(self), self->empty);
  }
  self->rows = GTK_BOX(gtk_box_new(GTK_ORIENTATION_VERTICAL, 0));
  gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->rows));
  g_signal_connect_object(list, "items-changed", G_CALLBACK(list_cb), self, G_CONNECT_SWAPPED);
  list_cb(self);
  return GTK_WIDGET(self);
}
