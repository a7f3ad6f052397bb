#include "ui/shell/vitrine-device-banner.h"
#include <glib/gi18n.h>
#include "ui/parts/vitrine-device-text.h"

struct _VitrineDeviceBanner {
  AdwBin parent_instance;
  VitrineSession *session;
  GtkRevealer *revealer;
  GtkLabel *heading, *detail;
  GtkWidget *use_cpu;
};

G_DEFINE_FINAL_TYPE(VitrineDeviceBanner, vitrine_device_banner, ADW_TYPE_BIN)

static void
update(VitrineDeviceBanner *self)
{
  g_autofree char *heading = NULL, *detail = NULL;
  gboolean trouble = vitrine_device_text_trouble(self->session, &heading, &detail);

  gtk_revealer_set_reveal_child(self->revealer, trouble);
  /* What is rolled up is still in the order of the Tab key otherwise. */
  gtk_widget_set_visible(GTK_WIDGET(self), trouble);
  if (!trouble)
    return;
  gtk_label_set_text(self->heading, heading);
  gtk_label_set_text(self->detail, detail);
  gtk_widget_set_visible(
      self->use_cpu, vitrine_session_get_model(self->session) &&
                         vitrine_device_choice_draws(vitrine_session_get_device(self->session)));
}

static void
use_cpu_cb(VitrineDeviceBanner *self)
{
  vitrine_device_choice_set(vitrine_session_get_device(self->session), "cpu");
}

static void
close_cb(VitrineDeviceBanner *self)
{
  gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
}

void
vitrine_device_banner_set_session(VitrineDeviceBanner *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_DEVICE_BANNER(self));
  self->session = g_object_ref(session);
  g_signal_connect_object(vitrine_session_get_device(session), "notify::trouble",
                          G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  update(self);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
vitrine_device_banner_dispose(GObject *object)
{
  VitrineDeviceBanner *self = VITRINE_DEVICE_BANNER(object);

  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_device_banner_parent_class)->dispose(object);
}

static void
vitrine_device_banner_class_init(VitrineDeviceBannerClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_device_banner_dispose;
  gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(class), GTK_ACCESSIBLE_ROLE_ALERT);
}

static GtkLabel *
label_new(const char *name, const char *css)
{
  GtkWidget *label = gtk_label_new(NULL);

  gtk_widget_set_name(label, name);
  gtk_widget_add_css_class(label, css);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
  return GTK_LABEL(label);
}

static GtkWidget *
button_new(GtkWidget *box, GtkWidget *button, const char *name, const char *tooltip)
{
  gtk_widget_set_name(button, name);
  gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text(button, tooltip);
  gtk_box_append(GTK_BOX(box), button);
  return button;
}

static void
add_text(VitrineDeviceBanner *self, GtkWidget *box)
{
  GtkWidget *text = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);

  self->heading = label_new("device-trouble", "device-banner-heading");
  self->detail = label_new("device-trouble-detail", "device-banner-detail");
  gtk_label_set_selectable(self->detail, TRUE);
  gtk_box_append(GTK_BOX(text), GTK_WIDGET(self->heading));
  gtk_box_append(GTK_BOX(text), GTK_WIDGET(self->detail));
  gtk_widget_set_hexpand(text, TRUE);
  gtk_box_append(GTK_BOX(box), gtk_image_new_from_icon_name("dialog-warning-symbolic"));
  gtk_box_append(GTK_BOX(box), text);
}

static void
vitrine_device_banner_init(VitrineDeviceBanner *self)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);

  gtk_widget_set_name(GTK_WIDGET(self), "device-banner");
  gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
  gtk_widget_add_css_class(box, "device-banner");
  add_text(self, box);
  self->use_cpu = button_new(box, gtk_button_new_with_mnemonic(_("_Use the CPU")), "device-use-cpu",
                             _("Render with the CPU until Vitrine is closed"));
  g_signal_connect_swapped(self->use_cpu, "clicked", G_CALLBACK(use_cpu_cb), self);
  GtkWidget *preferences =
      button_new(box, gtk_button_new_with_mnemonic(_("_Devices…")), "device-preferences",
                 _("Choose a device in the preferences"));
  gtk_actionable_set_action_name(GTK_ACTIONABLE(preferences), "win.preferences");
  GtkWidget *close = button_new(box, gtk_button_new_from_icon_name("window-close-symbolic"),
                                "device-banner-close", _("Hide this message"));
  gtk_widget_add_css_class(close, "flat");
  gtk_accessible_update_property(GTK_ACCESSIBLE(close), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Hide this message"), -1);
  g_signal_connect_swapped(close, "clicked", G_CALLBACK(close_cb), self);
  self->revealer = GTK_REVEALER(gtk_revealer_new());
  gtk_revealer_set_child(self->revealer, box);
  adw_bin_set_child(ADW_BIN(self), GTK_WIDGET(self->revealer));
}
