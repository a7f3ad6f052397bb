/* A run's page of tables: its legs, and the options it runs with. */
#include <glib/gi18n.h>
#include <math.h>
#include "ui/training/vitrine-run-pages.h"
#include "ui/parts/vitrine-number.h"

#define COLUMNS 5

struct _VitrineRunTable {
  GtkBox parent_instance;
  VitrineRun *run;
  GtkGrid *legs, *options;
  guint n_options;
  GString *text;    /* the table for the clipboard */
  char *legs_shown; /* what it is of */
};

G_DEFINE_FINAL_TYPE(VitrineRunTable, vitrine_run_table, GTK_TYPE_BOX)

char *
vitrine_run_kimg(double kimg)
{
  return g_strdup_printf(fabs(kimg) >= 1000 ? "%'.0f" : "%.4g", kimg);
}

/* ---- legs ------------------------------------------------------------------------------------ */

static void
clear_grid(GtkGrid *grid)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child(GTK_WIDGET(grid))))
    gtk_grid_remove(grid, child);
}

static void
attach(GtkGrid *grid, const char *text, int column, int row, float xalign, const char *css)
{
  GtkWidget *label = gtk_label_new(text);

  gtk_label_set_xalign(GTK_LABEL(label), xalign);
  gtk_widget_set_hexpand(label, TRUE);
  vitrine_numeric(label);
  if (css)
    gtk_widget_add_css_class(label, css);
  gtk_grid_attach(grid, label, column, row, 1, 1);
}

static void
add_row(VitrineRunTable *self, int row, const char *const *cells, const char *css)
{
  for (int i = 0; i < COLUMNS; i++) {
    attach(self->legs, cells[i], i, row, i ? 1 : 0, css);
    g_string_append_printf(self->text, "%s%c", cells[i], i + 1 < COLUMNS ? '\t' : '\n');
  }
}

static char *
iterations_text(guint64 n)
{
  return n ? g_strdup_printf("%'" G_GUINT64_FORMAT, n) : g_strdup("–");
}

static void
show_leg(VitrineRunTable *self, int row, const SgRunLeg *leg)
{
  g_autofree char *number = g_strdup_printf("%d", row);
  g_autofree char *from = vitrine_run_kimg(leg->from_kimg), *to = vitrine_run_kimg(leg->to_kimg);
  g_autofree char *range = g_strdup_printf("%s – %s", from, to);
  g_autofree char *iterations = iterations_text(leg->iterations);
  g_autofree char *duration = vitrine_duration_text(leg->seconds);
  g_autoptr(GDateTime) began =
      leg->began > 0 ? g_date_time_new_from_unix_local((gint64)leg->began) : NULL;
  g_autofree char *date = began ? g_date_time_format(began, "%F %R") : g_strdup("–");
  const char *cells[COLUMNS] = {number, range, iterations, duration, date};

  add_row(self, row, cells, NULL);
}

static char *
fingerprint(GPtrArray *legs)
{
  GString *text = g_string_new("legs");

  for (guint i = 0; legs && i < legs->len; i++) {
    const SgRunLeg *leg = legs->pdata[i];
    g_string_append_printf(text, " %g %g %.0f", leg->from_kimg, leg->to_kimg, leg->seconds);
  }
  return g_string_free(text, FALSE);
}

static void
show_legs(VitrineRunTable *self)
{
  GPtrArray *legs = vitrine_run_get_legs(self->run);
  const char *headings[COLUMNS] = {_("Leg"), _("kimg"), _("Iterations"), _("Duration"), _("Began")};
  guint64 iterations = 0;
  double seconds = 0;

  g_autofree char *print = fingerprint(legs);
  if (g_strcmp0(print, self->legs_shown) == 0)
    return;
  g_free(self->legs_shown);
  self->legs_shown = g_steal_pointer(&print);
  clear_grid(self->legs);
  g_string_truncate(self->text, 0);
  add_row(self, 0, headings, "heading");
  for (guint i = 0; legs && i < legs->len; i++) {
    const SgRunLeg *leg = legs->pdata[i];
    show_leg(self, (int)i + 1, leg);
    iterations += leg->iterations;
    seconds += leg->seconds;
  }
  if (legs && legs->len > 1) {
    g_autofree char *sum = iterations_text(iterations), *time = vitrine_duration_text(seconds);
    const char *cells[COLUMNS] = {_("All"), "", sum, time, ""};
    add_row(self, (int)legs->len + 1, cells, "heading");
  }
}

/* ---- options --------------------------------------------------------------------------------- */

static int
compare_names(gconstpointer a, gconstpointer b)
{
  return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static void
show_options(VitrineRunTable *self)
{
  SgRunReader *reader = vitrine_run_get_reader(self->run);
  g_autoptr(GHashTable) options = reader ? sg_run_reader_options(reader) : NULL;
  guint n = options ? g_hash_table_size(options) : 0;

  if (!options || n == self->n_options)
    return;
  self->n_options = n;
  clear_grid(self->options);
  g_autofree char **names = (char **)g_hash_table_get_keys_as_array(options, NULL);
  qsort(names, n, sizeof *names, compare_names);
  for (guint i = 0; i < n; i++) {
    GtkWidget *value = gtk_label_new(g_hash_table_lookup(options, names[i]));
    attach(self->options, names[i], 0, (int)i, 0, "dim-label");
    gtk_label_set_xalign(GTK_LABEL(value), 0);
    gtk_label_set_wrap(GTK_LABEL(value), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(value), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_selectable(GTK_LABEL(value), TRUE);
    gtk_widget_set_can_focus(value, FALSE); /* thirty stops of the Tab key */
    gtk_grid_attach(self->options, value, 1, (int)i, 1, 1);
  }
}

static void
refresh(VitrineRunTable *self)
{
  if (!gtk_widget_get_mapped(GTK_WIDGET(self)) || !vitrine_run_is_loaded(self->run))
    return;
  show_legs(self);
  show_options(self);
}

static void
copy_cb(VitrineRunTable *self)
{
  gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self)), self->text->str);
}

/* ---- life ------------------------------------------------------------------------------------ */

static GtkWidget *
heading_new(const char *text)
{
  GtkWidget *label = gtk_label_new(text);

  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_widget_set_hexpand(label, TRUE);
  gtk_widget_add_css_class(label, "heading");
  return label;
}

static GtkGrid *
grid_new(void)
{
  GtkGrid *grid = GTK_GRID(gtk_grid_new());

  gtk_grid_set_column_spacing(grid, 12);
  gtk_grid_set_row_spacing(grid, 4);
  return grid;
}

static void
vitrine_run_table_dispose(GObject *object)
{
  g_clear_object(&VITRINE_RUN_TABLE(object)->run);
  G_OBJECT_CLASS(vitrine_run_table_parent_class)->dispose(object);
}

static void
vitrine_run_table_finalize(GObject *object)
{
  g_string_free(VITRINE_RUN_TABLE(object)->text, TRUE);
  g_free(VITRINE_RUN_TABLE(object)->legs_shown);
  G_OBJECT_CLASS(vitrine_run_table_parent_class)->finalize(object);
}

static void
vitrine_run_table_class_init(VitrineRunTableClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_run_table_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_run_table_finalize;
}

static void
vitrine_run_table_init(VitrineRunTable *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
  GtkWidget *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *copy = gtk_button_new_from_icon_name("edit-copy-symbolic");

  self->text = g_string_new(NULL);
  self->legs = grid_new();
  self->options = grid_new();
  gtk_widget_set_name(GTK_WIDGET(self->legs), "run-legs");
  gtk_widget_set_name(GTK_WIDGET(self->options), "run-options");
  gtk_widget_set_name(copy, "run-legs-copy");
  gtk_widget_add_css_class(copy, "flat");
  gtk_widget_set_tooltip_text(copy, _("Copy the table"));
  g_signal_connect_swapped(copy, "clicked", G_CALLBACK(copy_cb), self);
  gtk_box_append(GTK_BOX(top), heading_new(_("Iterations and duration")));
  gtk_box_append(GTK_BOX(top), copy);
  gtk_box_append(GTK_BOX(box), top);
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->legs));
  gtk_box_append(GTK_BOX(box), heading_new(_("Options")));
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->options));
  gtk_widget_add_css_class(box, "run-controls");
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), box);
  gtk_widget_set_vexpand(scrolled, TRUE);
  gtk_widget_set_hexpand(scrolled, TRUE);
  gtk_box_append(GTK_BOX(self), scrolled);
  g_signal_connect_after(self, "map", G_CALLBACK(refresh), NULL);
}

GtkWidget *
vitrine_run_table_new(VitrineRun *run)
{
  g_return_val_if_fail(VITRINE_IS_RUN(run), NULL);
  VitrineRunTable *self = g_object_new(VITRINE_TYPE_RUN_TABLE, "name", "run-table", NULL);

  self->run = g_object_ref(run);
  g_signal_connect_object(run, "changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET(self);
}
