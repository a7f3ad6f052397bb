#include "ui/export/vitrine-export-dialog.h"
#include <glib/gi18n.h>
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-number.h"

struct _VitrineExportDialog {
  AdwWindow parent_instance;
  VitrineSession *session;
  char *name;

  AdwComboRow *kind_row;
  GtkSpinButton *factor, *quality;
  GtkSwitch *sharp, *recipe;
  GtkWidget *sharp_row, *quality_row;
  GtkLabel *status;
};

G_DEFINE_FINAL_TYPE(VitrineExportDialog, vitrine_export_dialog, ADW_TYPE_WINDOW)

/* As the rows of the combo. */
enum { PNG, JPEG, WEBP, WEBP_LOSSLESS };

static const char *const endings[] = {".png", ".jpg", ".webp", ".webp"};

static SgPictureWrite
options_of(VitrineExportDialog *self)
{
  guint kind = adw_combo_row_get_selected(self->kind_row);

  return (SgPictureWrite){.factor = gtk_spin_button_get_value_as_int(self->factor),
                          .sharp = gtk_switch_get_active(self->sharp),
                          .quality = gtk_spin_button_get_value_as_int(self->quality),
                          .lossless = kind == WEBP_LOSSLESS,
                          .no_recipe = !gtk_switch_get_active(self->recipe)};
}

/* What will be written, and what of the settings counts. */
static void
setting_cb(VitrineExportDialog *self)
{
  guint kind = adw_combo_row_get_selected(self->kind_row);
  int factor = gtk_spin_button_get_value_as_int(self->factor), width, height;

  if (!self->session)
    return;
  vitrine_view_get_picture_size(vitrine_session_get_view(self->session), &width, &height);
  gtk_widget_set_sensitive(self->sharp_row, factor > 1);
  gtk_widget_set_sensitive(self->quality_row, kind == JPEG || kind == WEBP);
  g_autofree char *text =
      g_strdup_printf(gtk_switch_get_active(self->recipe)
                          ? _("%d × %d pixels; opened again, it is the face with all that was done "
                              "to it. The model is named by its file's name and its weights’ hash, "
                              "not by its folder")
                          : _("%d × %d pixels; it says that a model made it, and no more"),
                      factor * width, factor * height);
  gtk_label_set_text(self->status, text);
}

void
vitrine_export_dialog_save(VitrineExportDialog *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_EXPORT_DIALOG(self));
  const SgPictureWrite options = options_of(self);

  vitrine_saver_save_picture(vitrine_session_get_saver(self->session), file, &options);
  gtk_window_destroy(GTK_WINDOW(self));
}

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineExportDialog) self = data;

  if (file && self->session)
    vitrine_export_dialog_save(self, file);
}

static void
save_cb(VitrineExportDialog *self)
{
  g_autofree char *name =
      g_strconcat(self->name, endings[adw_combo_row_get_selected(self->kind_row)], NULL);

  vitrine_file_dialog_save(GTK_WINDOW(self), _("Export Picture"), name, NULL, chosen_cb,
                           g_object_ref(self));
}

static void
vitrine_export_dialog_dispose(GObject *object)
{
  g_clear_object(&VITRINE_EXPORT_DIALOG(object)->session);
  g_clear_pointer(&VITRINE_EXPORT_DIALOG(object)->name, g_free);
  G_OBJECT_CLASS(vitrine_export_dialog_parent_class)->dispose(object);
}

static void
vitrine_export_dialog_class_init(VitrineExportDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_export_dialog_dispose;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-export-dialog.ui");
#define BIND(name) gtk_widget_class_bind_template_child(widget_class, VitrineExportDialog, name)
  BIND(kind_row);
  BIND(factor);
  BIND(quality);
  BIND(sharp);
  BIND(recipe);
  BIND(sharp_row);
  BIND(quality_row);
  BIND(status);
#undef BIND
  gtk_widget_class_bind_template_callback(widget_class, setting_cb);
  gtk_widget_class_bind_template_callback(widget_class, save_cb);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static void
vitrine_export_dialog_init(VitrineExportDialog *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *
vitrine_export_dialog_present(GtkWindow *parent, VitrineSession *session, const char *name)
{
  VitrineExportDialog *self = g_object_new(VITRINE_TYPE_EXPORT_DIALOG, NULL);

  vitrine_dialogs_attach(GTK_WINDOW(self), parent);
  gtk_window_set_modal(GTK_WINDOW(self), TRUE);
  self->session = g_object_ref(session);
  self->name = g_strdup(name);
  vitrine_accessible_set_name(GTK_WIDGET(self->factor), _("How many times as large"));
  vitrine_accessible_set_name(GTK_WIDGET(self->quality), _("Quality"));
  vitrine_accessible_set_name(GTK_WIDGET(self->sharp), _("Enlarged pixels stay squares"));
  vitrine_accessible_set_name(GTK_WIDGET(self->recipe), _("With its recipe"));
  vitrine_accessible_name_all(GTK_WIDGET(self));
  vitrine_numeric_all(GTK_WIDGET(self));
  setting_cb(self);
  gtk_window_present(GTK_WINDOW(self));
  return GTK_WIDGET(self);
}
