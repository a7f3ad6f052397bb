#include "ui/shell/vitrine-missing-banner.h"
#include <glib/gi18n.h>
#include "ui/parts/vitrine-file-dialog.h"

struct _VitrineMissingBanner {
  AdwBin parent_instance;
  VitrineSession *session;
  GtkLabel *detail;
};

G_DEFINE_FINAL_TYPE(VitrineMissingBanner, vitrine_missing_banner, ADW_TYPE_BIN)

static void
update(VitrineMissingBanner *self)
{
  g_autofree char *missing = NULL;

  g_object_get(self->session, "missing", &missing, NULL);
  g_autofree char *shown = missing ? g_filename_display_name(missing) : NULL;
  gtk_label_set_text(self->detail, shown ? shown : "");
  gtk_widget_set_visible(GTK_WIDGET(self), missing != NULL);
}

static void
located_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineMissingBanner) self = data;

  if (file && self->session)
    vitrine_session_locate(self->session, file);
}

static void
locate_cb(VitrineMissingBanner *self)
{
  GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));

  vitrine_file_dialog_open(GTK_IS_WINDOW(root) ? GTK_WINDOW(root) : NULL, _("Locate the Model"),
                           NULL, located_cb, g_object_ref(self));
}

static void
close_cb(VitrineMissingBanner *self)
{
  vitrine_session_forget_missing(self->session);
}

void
vitrine_missing_banner_set_session(VitrineMissingBanner *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_MISSING_BANNER(self));
  self->session = g_object_ref(session);
  g_signal_connect_object(session, "notify::missing", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  update(self);
}

static void
vitrine_missing_banner_dispose(GObject *object)
{
  VitrineMissingBanner *self = VITRINE_MISSING_BANNER(object);

  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_missing_banner_parent_class)->dispose(object);
}

static void
vitrine_missing_banner_class_init(VitrineMissingBannerClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_missing_banner_dispose;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_ALERT);
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-missing-banner.ui");
  gtk_widget_class_bind_template_child(widget_class, VitrineMissingBanner, detail);
  gtk_widget_class_bind_template_callback(widget_class, locate_cb);
  gtk_widget_class_bind_template_callback(widget_class, close_cb);
}

static void
vitrine_missing_banner_init(VitrineMissingBanner *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
}
