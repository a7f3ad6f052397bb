#include "ui/model/vitrine-model-dialog.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/model/model-card.h"
#include "app/model/vitrine-comparing.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-file-dialog.h"

struct _VitrineModelDialog {
  AdwWindow parent_instance;
  VitrineSession *session;
  GCancellable *cancellable;
  VitrineComparison *comparison; /* what is shown; NULL: none */

  AdwPreferencesGroup *card;
  GtkWidget *compare_button, *spinner, *results;
  GtkLabel *answer;
  GtkPicture *faces, *weights;
};

G_DEFINE_FINAL_TYPE(VitrineModelDialog, vitrine_model_dialog, ADW_TYPE_WINDOW)

/* ---- the card -------------------------------------------------------------------------------- */

static GtkWidget *
row_new(const VitrineCardRow *row)
{
  GtkWidget *line = adw_action_row_new();
  GtkWidget *value = gtk_label_new(row->value);

  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(line), _(row->title));
  gtk_label_set_wrap(GTK_LABEL(value), TRUE);
  gtk_label_set_wrap_mode(GTK_LABEL(value), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_selectable(GTK_LABEL(value), TRUE);
  gtk_label_set_xalign(GTK_LABEL(value), 1);
  gtk_label_set_justify(GTK_LABEL(value), GTK_JUSTIFY_RIGHT);
  gtk_widget_set_hexpand(value, TRUE);
  gtk_widget_set_margin_top(value, 6);
  gtk_widget_set_margin_bottom(value, 6);
  gtk_widget_add_css_class(value, "dim-label");
  gtk_accessible_update_property(GTK_ACCESSIBLE(value), GTK_ACCESSIBLE_PROPERTY_LABEL, row->value,
                                 -1);
  adw_action_row_add_suffix(ADW_ACTION_ROW(line), value);
  return line;
}

static void
show_card(VitrineModelDialog *self)
{
  g_autoptr(GPtrArray) rows = vitrine_model_card(vitrine_session_get_model(self->session));

  for (guint i = 0; i < rows->len; i++)
    adw_preferences_group_add(self->card, row_new(rows->pdata[i]));
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void
show_busy(VitrineModelDialog *self, gboolean busy)
{
  gtk_widget_set_sensitive(self->compare_button, !busy);
  gtk_widget_set_visible(self->spinner, busy);
  gtk_spinner_set_spinning(GTK_SPINNER(self->spinner), busy);
}

static void
append_sentence(GString *s, char *sentence)
{
  if (s->len)
    g_string_append_c(s, ' ');
  g_string_append(s, sentence);
  g_free(sentence);
}

static char *
answer_text(const VitrineComparison *c)
{
  GString *s = g_string_new(NULL);

  if (c->same)
    append_sentence(s, g_strdup(_("The weights are the same.")));
  else if (isfinite(c->generator))
    append_sentence(s, g_strdup_printf(_("The generator's weights lie %.3g %% apart on average."),
                                       100 * c->generator));
  if (!c->same && isfinite(c->discriminator))
    append_sentence(s,
                    g_strdup_printf(_("The discriminator's weights lie %.3g %% apart on average."),
                                    100 * c->discriminator));
  if (isfinite(c->pixels))
    append_sentence(s,
                    g_strdup_printf(_("The faces differ by %.3g of 255 on average."), c->pixels));
  else
    append_sentence(s, g_strdup_printf(_("Faces are not compared: %s."), c->refused));
  return g_string_free(s, FALSE);
}

static void
show_picture(GtkPicture *picture, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GdkTexture) texture = gdk_texture_new_from_filename(path, NULL);

  gtk_picture_set_paintable(picture, GDK_PAINTABLE(texture));
  gtk_widget_set_visible(GTK_WIDGET(picture), texture != NULL);
  if (texture) /* pixel for pixel: what stands there has to be read */
    gtk_widget_set_size_request(GTK_WIDGET(picture), gdk_texture_get_width(texture),
                                gdk_texture_get_height(texture));
}

static void
compared_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(VitrineModelDialog) self = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(VitrineComparison) c = vitrine_compare_models_finish(result, &error);

  if (!self->session || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  show_busy(self, FALSE);
  g_autofree char *text = c ? answer_text(c) : g_strdup(error->message);
  gtk_label_set_text(self->answer, text);
  gtk_widget_set_visible(GTK_WIDGET(self->answer), TRUE);
  gtk_widget_set_visible(self->results, c != NULL);
  if (c) {
    show_picture(self->faces, c->folder, "faces.png");
    show_picture(self->weights, c->folder, "compare.png");
    vitrine_comparison_free(self->comparison);
    self->comparison = g_steal_pointer(&c);
  }
}

void
vitrine_model_dialog_compare(VitrineModelDialog *self, const char *path)
{
  g_return_if_fail(VITRINE_IS_MODEL_DIALOG(self));
  SgModel *model = self->session ? vitrine_session_get_model(self->session) : NULL;

  if (!model)
    return;
  g_cancellable_cancel(self->cancellable);
  g_object_unref(self->cancellable);
  self->cancellable = g_cancellable_new();
  show_busy(self, TRUE);
  gtk_widget_set_visible(GTK_WIDGET(self->answer), FALSE);
  vitrine_compare_models(model->path, path, self->cancellable, compared_cb, g_object_ref(self));
}

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineModelDialog) self = data;
  g_autofree char *path = file ? g_file_get_path(file) : NULL;

  if (path && self->session)
    vitrine_model_dialog_compare(self, path);
}

static void
compare_cb(VitrineModelDialog *self)
{
  GtkFileFilter *filter = gtk_file_filter_new();

  gtk_file_filter_set_name(filter, _("Models"));
  for (const char *const *p =
           (const char *const[]){"*.safetensors", "*.pkl", "*.pt", "*.pth", NULL};
       *p; p++)
    gtk_file_filter_add_pattern(filter, *p);
  vitrine_file_dialog_open(GTK_WINDOW(self), _("Compare with Another Model"), filter, chosen_cb,
                           g_object_ref(self));
  g_object_unref(filter);
}

/* ---- the dialog ------------------------------------------------------------------------------ */

static void
model_changed_cb(VitrineSession *session, VitrineModelDialog *self)
{
  gtk_window_close(GTK_WINDOW(self));
}

static void
vitrine_model_dialog_dispose(GObject *object)
{
  VitrineModelDialog *self = VITRINE_MODEL_DIALOG(object);

  if (self->cancellable)
    g_cancellable_cancel(self->cancellable);
  g_clear_object(&self->cancellable);
  g_clear_object(&self->session);
  g_clear_pointer(&self->comparison, vitrine_comparison_free);
  G_OBJECT_CLASS(vitrine_model_dialog_parent_class)->dispose(object);
}

static void
vitrine_model_dialog_class_init(VitrineModelDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_model_dialog_dispose;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-model-dialog.ui");
  gtk_widget_class_bind_template_child(widget_class, VitrineModelDialog, card);
  gtk_widget_class_bind_template_child(widget_class, VitrineModelDialog, compare_button);
  gtk_widget_class_bind_template_child(widget_class, VitrineModelDialog, spinner);
  gtk_widget_class_bind_template_child(widget_class, VitrineModelDialog, results);
  gtk_widget_class_bind_template_child(widget_class, VitrineModelDialog, answer);
  gtk_widget_class_bind_template_child(widget_class, VitrineModelDialog, faces);
  gtk_widget_class_bind_template_child(widget_class, VitrineModelDialog, weights);
  gtk_widget_class_bind_template_callback(widget_class, compare_cb);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static void
vitrine_model_dialog_init(VitrineModelDialog *self)
{
  self->cancellable = g_cancellable_new();
  gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *
vitrine_model_dialog_present(GtkWindow *parent, VitrineSession *session)
{
  VitrineModelDialog *self = g_object_new(VITRINE_TYPE_MODEL_DIALOG, NULL);

  vitrine_dialogs_attach(GTK_WINDOW(self), parent);
  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self, 0);
  show_card(self);
  vitrine_accessible_name_all(GTK_WIDGET(self));
  gtk_window_present(GTK_WINDOW(self));
  return GTK_WIDGET(self);
}
