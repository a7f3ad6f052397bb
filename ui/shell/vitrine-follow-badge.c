#include "ui/shell/vitrine-follow-badge.h"
#include <glib/gi18n.h>
#include <math.h>

struct _VitrineFollowBadge {
  GtkBox parent_instance;
  VitrineSession *session;
  GtkLabel *label;
  GtkWidget *stop, *follow;
};

G_DEFINE_FINAL_TYPE(VitrineFollowBadge, vitrine_follow_badge, GTK_TYPE_BOX)

static char *
following_text(const char *name, double kimg)
{
  return isfinite(kimg) ? g_strdup_printf(_("Following %s · %.1f kimg"), name, kimg)
                        : g_strdup_printf(_("Following %s · waiting for weights"), name);
}

static void
update(VitrineFollowBadge *self)
{
  g_autofree char *following = NULL, *followable = NULL, *text = NULL;
  gboolean live = FALSE;
  double kimg = NAN;

  g_object_get(vitrine_session_get_following(self->session), "directory", &following, "followable",
               &followable, "kimg", &kimg, "live", &live, NULL);
  const char *path = following ? following : followable;
  gtk_widget_set_visible(GTK_WIDGET(self), path != NULL);
  gtk_widget_set_visible(self->stop, following != NULL);
  gtk_widget_set_visible(self->follow, !following && followable);
  if (!path)
    return;
  g_autofree char *name = g_filename_display_basename(path);
  text = following ? following_text(name, kimg) : g_strdup_printf(_("%s is training"), name);
  gtk_label_set_text(self->label, text);
  const char *how = !following ? _("What is shown is its newest snapshot")
                    : live     ? _("The training's newest weights, as it learns")
                               : _("Each new snapshot, as it appears");
  g_autofree char *shown = g_filename_display_name(path);
  g_autofree char *tooltip = g_strdup_printf("%s\n%s", how, shown);
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->label), tooltip);
}

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

void
vitrine_follow_badge_set_session(VitrineFollowBadge *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_FOLLOW_BADGE(self));
  const char *const properties[] = {"notify::directory", "notify::kimg", "notify::live",
                                    "notify::followable"};

  self->session = g_object_ref(session);
  for (gsize i = 0; i < G_N_ELEMENTS(properties); i++)
    g_signal_connect_object(vitrine_session_get_following(session), properties[i],
                            G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  update(self);
}

static GtkWidget *
add_button(VitrineFollowBadge *self, GtkWidget *button, const char *name, const char *tooltip,
           GCallback callback)
{
  gtk_widget_set_name(button, name);
  gtk_widget_set_tooltip_text(button, tooltip);
  gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip,
                                 -1);
  g_signal_connect_swapped(button, "clicked", callback, self);
  gtk_box_append(GTK_BOX(self), button);
  return button;
}

static void
vitrine_follow_badge_dispose(GObject *object)
{
  VitrineFollowBadge *self = VITRINE_FOLLOW_BADGE(object);

  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_follow_badge_parent_class)->dispose(object);
}

static void
vitrine_follow_badge_class_init(VitrineFollowBadgeClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_follow_badge_dispose;
}

static void
vitrine_follow_badge_init(VitrineFollowBadge *self)
{
  gtk_widget_set_name(GTK_WIDGET(self), "follow-badge");
  gtk_widget_add_css_class(GTK_WIDGET(self), "follow-badge");
  gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
  self->label = GTK_LABEL(gtk_label_new(NULL));
  gtk_label_set_ellipsize(self->label, PANGO_ELLIPSIZE_MIDDLE);
  gtk_widget_set_name(GTK_WIDGET(self->label), "follow-label");
  gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->label));
  self->stop =
      add_button(self, gtk_button_new_from_icon_name("media-playback-stop-symbolic"), "follow-stop",
                 _("Stop following; the picture stays as it is"), G_CALLBACK(stop_cb));
  self->follow =
      add_button(self, gtk_button_new_with_label(_("Follow")), "follow-start",
                 _("Show the training's newest weights as it learns"), G_CALLBACK(follow_cb));
}
