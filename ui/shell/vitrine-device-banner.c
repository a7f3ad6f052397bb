#include "ui/shell/vitrine-device-banner.h"
#include "ui/parts/vitrine-device-text.h"

struct _VitrineDeviceBanner {
  AdwBin parent_instance;
  VitrineSession *session;
};

enum { PROP_0, PROP_SESSION };

G_DEFINE_FINAL_TYPE(VitrineDeviceBanner, vitrine_device_banner, ADW_TYPE_BIN)

/* ---- what the template shows: functions of the device's "trouble", which notifies for its words,
 * too ---- */

static gboolean
is_trouble(gpointer banner, int trouble)
{
  return trouble != VITRINE_DEVICE_FINE;
}

static char *
heading_of(gpointer banner, int trouble, VitrineSession *session)
{
  g_autofree char *detail = NULL;
  char *heading = NULL;

  return vitrine_device_text_trouble(session, &heading, &detail) ? heading : NULL;
}

static char *
detail_of(gpointer banner, int trouble, VitrineSession *session)
{
  g_autofree char *heading = NULL;
  char *detail = NULL;

  return vitrine_device_text_trouble(session, &heading, &detail) ? detail : NULL;
}

static gboolean
may_use_cpu(gpointer banner, int trouble, VitrineSession *session)
{
  return vitrine_session_get_model(session) &&
         vitrine_device_choice_draws(vitrine_session_get_device(session));
}

/* ---- buttons --------------------------------------------------------------------------------- */

static void
use_cpu_cb(VitrineDeviceBanner *self)
{
  vitrine_device_choice_set(vitrine_session_get_device(self->session), "cpu");
}

/* Until there is other trouble. */
static void
close_cb(VitrineDeviceBanner *self)
{
  gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
vitrine_device_banner_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object(value, VITRINE_DEVICE_BANNER(object)->session);
}

static void
vitrine_device_banner_set_property(GObject *object, guint id, const GValue *value,
                                   GParamSpec *pspec)
{
  g_set_object(&VITRINE_DEVICE_BANNER(object)->session, g_value_get_object(value));
}

static void
vitrine_device_banner_dispose(GObject *object)
{
  VitrineDeviceBanner *self = VITRINE_DEVICE_BANNER(object);

  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_DEVICE_BANNER);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_device_banner_parent_class)->dispose(object);
}

static void
vitrine_device_banner_class_init(VitrineDeviceBannerClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_device_banner_dispose;
  G_OBJECT_CLASS(class)->get_property = vitrine_device_banner_get_property;
  G_OBJECT_CLASS(class)->set_property = vitrine_device_banner_set_property;
  g_object_class_install_property(G_OBJECT_CLASS(class), PROP_SESSION,
                                  g_param_spec_object("session", NULL, NULL, VITRINE_TYPE_SESSION,
                                                      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_ALERT);
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-device-banner.ui");
  gtk_widget_class_bind_template_callback(widget_class, is_trouble);
  gtk_widget_class_bind_template_callback(widget_class, heading_of);
  gtk_widget_class_bind_template_callback(widget_class, detail_of);
  gtk_widget_class_bind_template_callback(widget_class, may_use_cpu);
  gtk_widget_class_bind_template_callback(widget_class, use_cpu_cb);
  gtk_widget_class_bind_template_callback(widget_class, close_cb);
}

static void
vitrine_device_banner_init(VitrineDeviceBanner *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
}
