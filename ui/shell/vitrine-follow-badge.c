#include "ui/shell/vitrine-follow-badge.h"
#include <glib/gi18n.h>
#include <math.h>

struct _VitrineFollowBadge {
  GtkBox parent_instance;
  VitrineSession *session;
};

enum { PROP_0, PROP_SESSION };

G_DEFINE_FINAL_TYPE(VitrineFollowBadge, vitrine_follow_badge, GTK_TYPE_BOX)

/* ---- what the template shows: functions of the following's properties ------------------------ */

static char *
text_of(gpointer badge, const char *directory, const char *followable, double kimg)
{
  const char *path = directory ? directory : followable;

  if (!path)
    return g_strdup("");
  g_autofree char *name = g_filename_display_basename(path);
  if (!directory)
    return g_strdup_printf(_("%s is training"), name);
  return isfinite(kimg) ? g_strdup_printf(_("Following %s · %.1f kimg"), name, kimg)
                        : g_strdup_printf(_("Following %s · waiting for weights"), name);
}

static char *
tooltip_of(gpointer badge, const char *directory, const char *followable, gboolean live)
{
  const char *how = !directory ? _("What is shown is its newest snapshot")
                    : live     ? _("The training's newest weights, as it learns")
                               : _("Each new snapshot, as it appears");
  const char *path = directory ? directory : followable;
  g_autofree char *shown = path ? g_filename_display_name(path) : NULL;

  return shown ? g_strdup_printf("%s\n%s", how, shown) : NULL;
}

static gboolean
is_set(gpointer badge, const char *path)
{
  return path != NULL;
}

static gboolean
is_only_second(gpointer badge, const char *first, const char *second)
{
  return !first && second;
}

/* ---- buttons --------------------------------------------------------------------------------- */

static void
stop_cb(VitrineFollowBadge *self)
{
  vitrine_following_stop(vitrine_session_get_following(self->session));
}

static void
follow_cb(VitrineFollowBadge *self)
{
  g_autofree char *followable = NULL;

  g_object_get(vitrine_session_get_following(self->session), "followable", &followable, NULL);
  if (followable)
    vitrine_following_start(vitrine_session_get_following(self->session), followable);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
vitrine_follow_badge_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object(value, VITRINE_FOLLOW_BADGE(object)->session);
}

static void
vitrine_follow_badge_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  g_set_object(&VITRINE_FOLLOW_BADGE(object)->session, g_value_get_object(value));
}

static void
vitrine_follow_badge_dispose(GObject *object)
{
  VitrineFollowBadge *self = VITRINE_FOLLOW_BADGE(object);

  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_FOLLOW_BADGE);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_follow_badge_parent_class)->dispose(object);
}

static void
vitrine_follow_badge_class_init(VitrineFollowBadgeClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_follow_badge_dispose;
  G_OBJECT_CLASS(class)->get_property = vitrine_follow_badge_get_property;
  G_OBJECT_CLASS(class)->set_property = vitrine_follow_badge_set_property;
  g_object_class_install_property(G_OBJECT_CLASS(class), PROP_SESSION,
                                  g_param_spec_object("session", NULL, NULL, VITRINE_TYPE_SESSION,
                                                      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-follow-badge.ui");
  gtk_widget_class_bind_template_callback(widget_class, text_of);
  gtk_widget_class_bind_template_callback(widget_class, tooltip_of);
  gtk_widget_class_bind_template_callback(widget_class, is_set);
  gtk_widget_class_bind_template_callback(widget_class, is_only_second);
  gtk_widget_class_bind_template_callback(widget_class, stop_cb);
  gtk_widget_class_bind_template_callback(widget_class, follow_cb);
}

static void
vitrine_follow_badge_init(VitrineFollowBadge *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
}
