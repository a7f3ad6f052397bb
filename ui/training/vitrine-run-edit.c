/* What may be changed while a run goes on: a row each, applied one by one. */
#include <adwaita.h>
#include <glib/gi18n.h>
#include "engine/record/changes.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/training/vitrine-run-view-private.h"

typedef struct {
  const char *name, *title;
} Field;

static const Field fields[] = {
    {"snap", N_("Ticks between snapshots")},
    {"keep", N_("Snapshots that are kept (0: all)")},
    {"tick", N_("Length of a tick, kimg")},
    {"kimg", N_("Length of the training, kimg")},
    {"lr-g", N_("The generator's learning rate")},
    {"lr-d", N_("The discriminator's learning rate")},
};

static void
show_error(GtkWidget *row, const char *message)
{
  if (message)
    gtk_widget_add_css_class(row, "error");
  else
    gtk_widget_remove_css_class(row, "error");
  gtk_widget_set_tooltip_text(row, message);
}

/* NULL and error: no such value. */
static char *
checked(const char *name, const char *text, GError **error)
{
  g_autofree char *value = g_strstrip(g_strdup(text));

  return sg_change_check(name, value, error) ? g_steal_pointer(&value) : NULL;
}

static void
apply_cb(GtkWidget *row, VitrineRun *run)
{
  const Field *field = g_object_get_data(G_OBJECT(row), "field");
  g_autoptr(GError) error = NULL;
  g_autofree char *value = checked(field->name, gtk_editable_get_text(GTK_EDITABLE(row)), &error);

  if (value) {
    g_autofree char *command = g_strdup_printf("set %s %s", field->name, value);
    vitrine_run_steer(run, command);
  }
  show_error(row, error ? error->message : NULL);
}

static void
typed_cb(GtkWidget *row, gpointer data)
{
  const Field *field = g_object_get_data(G_OBJECT(row), "field");
  g_autoptr(GError) error = NULL;
  g_autofree char *value = checked(field->name, gtk_editable_get_text(GTK_EDITABLE(row)), &error);

  show_error(row, value ? NULL : error->message);
}

static GtkWidget *
row_new(VitrineRun *run, const Field *field, GHashTable *options)
{
  GtkWidget *row = adw_entry_row_new();
  const char *now = options ? g_hash_table_lookup(options, field->name) : NULL;
  g_autofree char *name = g_strconcat("run-set-", field->name, NULL);

  gtk_widget_set_name(row, name);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _(field->title));
  gtk_editable_set_text(GTK_EDITABLE(row), now ? now : "");
  adw_entry_row_set_show_apply_button(ADW_ENTRY_ROW(row), TRUE);
  g_object_set_data(G_OBJECT(row), "field", (gpointer)field);
  g_signal_connect_object(row, "apply", G_CALLBACK(apply_cb), run, 0);
  g_signal_connect(row, "changed", G_CALLBACK(typed_cb), NULL);
  return row;
}

GtkWidget *
vitrine_run_edit_present(GtkWindow *parent, VitrineRun *run)
{
  GtkWidget *page = adw_preferences_page_new(), *group = adw_preferences_group_new();
  SgRunReader *reader = vitrine_run_get_reader(run);
  g_autoptr(GHashTable) options = reader ? sg_run_reader_options(reader) : NULL;

  gtk_widget_set_name(page, "run-edit");
  adw_preferences_group_set_description(
      ADW_PREFERENCES_GROUP(group),
      _("Takes effect after the step that is being computed, and is recorded in the run."));
  for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), row_new(run, &fields[i], options));
  adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), ADW_PREFERENCES_GROUP(group));
  vitrine_dialogs_present_page(parent, _("Change While It Runs"), 460, 520, page);
  return page;
}
