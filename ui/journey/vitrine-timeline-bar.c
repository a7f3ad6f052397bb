#include "ui/journey/vitrine-timeline-bar.h"
#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>
#include "ui/journey/vitrine-film-strip.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-number.h"
#include "ui/parts/vitrine-wrap.h"

struct _VitrineTimelineBar {
  GtkBox parent_instance;
  VitrineSession *session;
  VitrineTimeline *timeline;
  VitrinePlayer *player;

  GtkButton *play_button;
  GtkLabel *clock, *hint, *title;
  GtkRange *scrub;
  GtkAdjustment *seconds;
  GtkToggleButton *loop_button;
  GtkDropDown *space, *ease;
  VitrineFilmStrip *strip;
  GtkSpinButton *moment;
  GtkWidget *keyframe;
};

G_DEFINE_FINAL_TYPE(VitrineTimelineBar, vitrine_timeline_bar, GTK_TYPE_BOX)

static int
chosen(VitrineTimelineBar *self)
{
  return vitrine_film_strip_get_selected(self->strip);
}

/* ---- what is shown --------------------------------------------------------------------------- */

static void
show_keyframe(VitrineTimelineBar *self)
{
  int i = chosen(self);

  gtk_widget_set_visible(self->keyframe, i >= 0);
  if (i < 0)
    return;
  g_autofree char *text =
      g_strdup_printf(_("Keyframe %d of %d"), i + 1, vitrine_timeline_count(self->timeline));
  gtk_label_set_text(self->title, text);
  gtk_widget_set_sensitive(GTK_WIDGET(self->moment), i > 0);
  gtk_spin_button_set_value(self->moment, vitrine_timeline_get_at(self->timeline, i));
  gtk_drop_down_set_selected(self->ease, vitrine_timeline_get_ease(self->timeline, i));
}

static void
show_hint(VitrineTimelineBar *self)
{
  int n = vitrine_timeline_count(self->timeline);
  const char *error = vitrine_player_get_error(self->player);

  gtk_label_set_text(self->hint,
                     error    ? error
                     : n == 0 ? _("Add the face that is shown as a keyframe (Ctrl+K); then find "
                                  "another one and add it too")
                              : _("One more keyframe makes a film"));
  gtk_widget_set_visible(GTK_WIDGET(self->hint), error || n < 2);
}

static void
show_time(VitrineTimelineBar *self)
{
  double duration = vitrine_timeline_duration(self->timeline),
         second = vitrine_player_get_second(self->player);
  gboolean playing = vitrine_player_get_playing(self->player);
  g_autofree char *text = g_strdup_printf(_("%.1f of %.1f s"), second, duration);

  gtk_label_set_text(self->clock, text);
  gtk_button_set_icon_name(self->play_button, playing ? "media-playback-pause-symbolic"
                                                      : "media-playback-start-symbolic");
  gtk_widget_set_sensitive(GTK_WIDGET(self->play_button), duration > 0);
  gtk_widget_set_sensitive(GTK_WIDGET(self->scrub), duration > 0);
  gtk_adjustment_set_upper(self->seconds, MAX(duration, 0.1));
  gtk_adjustment_set_value(self->seconds, second);
}

static void
update(VitrineTimelineBar *self)
{
  gtk_toggle_button_set_active(self->loop_button, vitrine_timeline_get_loop(self->timeline));
  gtk_drop_down_set_selected(self->space,
                             vitrine_timeline_get_space(self->timeline) == SG_SPACE_W ? 0 : 1);
  show_keyframe(self);
  show_hint(self);
  show_time(self);
}

/* ---- what people do -------------------------------------------------------------------------- */

void
vitrine_timeline_bar_add(VitrineTimelineBar *self)
{
  g_return_if_fail(VITRINE_IS_TIMELINE_BAR(self));
  int i = vitrine_timeline_add(self->timeline, chosen(self));

  if (i >= 0)
    vitrine_film_strip_select(self->strip, i);
  else
    gtk_widget_error_bell(GTK_WIDGET(self));
}

static void
add_cb(VitrineTimelineBar *self)
{
  vitrine_timeline_bar_add(self);
}

static void
play_cb(VitrineTimelineBar *self)
{
  vitrine_player_set_playing(self->player, !vitrine_player_get_playing(self->player));
}

static void
scrub_cb(VitrineTimelineBar *self)
{
  double second = gtk_adjustment_get_value(self->seconds);

  if (self->player && second != vitrine_player_get_second(self->player))
    vitrine_player_seek(self->player, second);
}

static void
loop_cb(VitrineTimelineBar *self)
{
  if (self->timeline)
    vitrine_timeline_set_loop(self->timeline, gtk_toggle_button_get_active(self->loop_button));
}

static void
space_cb(VitrineTimelineBar *self)
{
  if (self->timeline)
    vitrine_timeline_set_space(
        self->timeline, gtk_drop_down_get_selected(self->space) == 0 ? SG_SPACE_W : SG_SPACE_Z);
}

/* It shows tenths: a keyframe that was dragged may lie between them. */
static void
moment_cb(VitrineTimelineBar *self)
{
  double second = gtk_spin_button_get_value(self->moment);
  int i = chosen(self);

  if (i < 0 || fabs(second - vitrine_timeline_get_at(self->timeline, i)) < 0.05)
    return;
  vitrine_timeline_set_at(self->timeline, i, second, G_MAXUINT - 1);
  update(self); /* it may be kept from passing a neighbour */
}

static void
ease_cb(VitrineTimelineBar *self)
{
  if (self->timeline && chosen(self) >= 0)
    vitrine_timeline_set_ease(self->timeline, chosen(self),
                              (SgEase)gtk_drop_down_get_selected(self->ease));
}

static void
show_cb(VitrineTimelineBar *self)
{
  if (chosen(self) >= 0)
    vitrine_timeline_show(self->timeline, chosen(self));
}

static void
replace_cb(VitrineTimelineBar *self)
{
  if (chosen(self) >= 0)
    vitrine_timeline_replace(self->timeline, chosen(self));
}

static void
remove_cb(VitrineTimelineBar *self)
{
  if (chosen(self) >= 0)
    vitrine_timeline_remove(self->timeline, chosen(self));
  gtk_widget_grab_focus(GTK_WIDGET(self->strip)); /* the button may have gone */
}

/* ---- the widget ------------------------------------------------------------------------------ */

void
vitrine_timeline_bar_set_session(VitrineTimelineBar *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_TIMELINE_BAR(self));
  self->session = g_object_ref(session);
  self->timeline = vitrine_timeline_new(session);
  self->player = vitrine_player_new(self->timeline);
  g_signal_connect_object(self->timeline, "changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->player, "changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->strip, "notify::selected", G_CALLBACK(update), self,
                          G_CONNECT_SWAPPED);
  vitrine_film_strip_set_player(self->strip, self->timeline, self->player);
  vitrine_accessible_set_name(GTK_WIDGET(self->moment), _("At which second"));
  vitrine_accessible_name_all(GTK_WIDGET(self));
  vitrine_numeric_all(GTK_WIDGET(self));
  update(self);
}

void
vitrine_timeline_bar_set_shown(VitrineTimelineBar *self, gboolean shown)
{
  g_return_if_fail(VITRINE_IS_TIMELINE_BAR(self));
  vitrine_player_set_active(self->player, shown);
  if (shown)
    gtk_widget_grab_focus(GTK_WIDGET(self->strip));
}

VitrineTimeline *
vitrine_timeline_bar_get_timeline(VitrineTimelineBar *self)
{
  g_return_val_if_fail(VITRINE_IS_TIMELINE_BAR(self), NULL);
  return self->timeline;
}

VitrinePlayer *
vitrine_timeline_bar_get_player(VitrineTimelineBar *self)
{
  g_return_val_if_fail(VITRINE_IS_TIMELINE_BAR(self), NULL);
  return self->player;
}

static void
vitrine_timeline_bar_dispose(GObject *object)
{
  VitrineTimelineBar *self = VITRINE_TIMELINE_BAR(object);

  if (self->timeline)
    vitrine_timeline_store(self->timeline);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_TIMELINE_BAR);
  g_clear_object(&self->player);
  g_clear_object(&self->timeline);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_timeline_bar_parent_class)->dispose(object);
}

static void
vitrine_timeline_bar_class_init(VitrineTimelineBarClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  g_type_ensure(VITRINE_TYPE_FILM_STRIP);
  g_type_ensure(VITRINE_TYPE_WRAP);
  G_OBJECT_CLASS(class)->dispose = vitrine_timeline_bar_dispose;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-timeline-bar.ui");
#define BIND(name) gtk_widget_class_bind_template_child(widget_class, VitrineTimelineBar, name)
  BIND(play_button);
  BIND(clock);
  BIND(hint);
  BIND(title);
  BIND(scrub);
  BIND(seconds);
  BIND(loop_button);
  BIND(space);
  BIND(ease);
  BIND(strip);
  BIND(moment);
  BIND(keyframe);
#undef BIND
#define FUNCTION(name) gtk_widget_class_bind_template_callback(widget_class, name)
  FUNCTION(add_cb);
  FUNCTION(play_cb);
  FUNCTION(scrub_cb);
  FUNCTION(loop_cb);
  FUNCTION(space_cb);
  FUNCTION(moment_cb);
  FUNCTION(ease_cb);
  FUNCTION(show_cb);
  FUNCTION(replace_cb);
  FUNCTION(remove_cb);
#undef FUNCTION
}

static void
vitrine_timeline_bar_init(VitrineTimelineBar *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
}
