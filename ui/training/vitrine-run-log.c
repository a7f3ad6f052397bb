/* A run's page with the end of its log. */
#include <string.h>
#include <glib/gi18n.h>
#include "ui/training/vitrine-run-pages.h"

struct _VitrineRunLog {
  GtkBox parent_instance;
  VitrineRun *run;
  GtkTextView *view;
  GtkScrolledWindow *scrolled;
  char *shown;
  gboolean follow;
  guint tick, frames; /* while it goes to the end */
};

G_DEFINE_FINAL_TYPE(VitrineRunLog, vitrine_run_log, GTK_TYPE_BOX)

/* Whoever reads further up is left there; at the end one stays at the end. */
static void
moved_cb(GtkAdjustment *a, VitrineRunLog *self)
{
  if (self->tick)
    return;
  self->follow = gtk_adjustment_get_value(a) + gtk_adjustment_get_page_size(a) >=
                 gtk_adjustment_get_upper(a) - 4;
}

/* The text view knows its height only some frames after it has got its text. */
static gboolean
tick_cb(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  VitrineRunLog *self = VITRINE_RUN_LOG(widget);
  GtkAdjustment *a = gtk_scrolled_window_get_vadjustment(self->scrolled);

  gtk_adjustment_set_value(a, gtk_adjustment_get_upper(a) - gtk_adjustment_get_page_size(a));
  if (--self->frames > 0)
    return G_SOURCE_CONTINUE;
  self->tick = 0;
  return G_SOURCE_REMOVE;
}

static void
go_to_end(VitrineRunLog *self)
{
  self->frames = 4;
  if (!self->tick)
    self->tick = gtk_widget_add_tick_callback(GTK_WIDGET(self), tick_cb, NULL, NULL);
}

/* How much of the front of what is shown has gone: only the last lines are kept. */
static gsize
gone(const char *shown, const char *log)
{
  g_autofree char *first = g_strndup(log, strcspn(log, "\n"));
  const char *at = *first ? strstr(shown, first) : NULL;

  return at && strncmp(log, at, strlen(at)) == 0 ? (gsize)(at - shown) : strlen(shown);
}

static void
refresh(VitrineRunLog *self)
{
  const char *log = vitrine_run_get_log(self->run);

  if (!gtk_widget_get_mapped(GTK_WIDGET(self)) || !log || g_strcmp0(log, self->shown) == 0)
    return;
  const char *shown = self->shown ? self->shown : "";
  gsize front = gone(shown, log);
  GtkTextBuffer *buffer = gtk_text_view_get_buffer(self->view);
  GtkTextIter start, end;
  gtk_text_buffer_get_start_iter(buffer, &start);
  gtk_text_buffer_get_iter_at_offset(buffer, &end, (int)g_utf8_strlen(shown, (gssize)front));
  gtk_text_buffer_delete(buffer, &start, &end);
  gtk_text_buffer_get_end_iter(buffer, &end);
  gtk_text_buffer_insert(buffer, &end, log + (strlen(shown) - front), -1);
  g_free(self->shown);
  self->shown = g_strdup(log);
  if (self->follow)
    go_to_end(self);
}

static void
vitrine_run_log_dispose(GObject *object)
{
  g_clear_object(&VITRINE_RUN_LOG(object)->run);
  g_clear_pointer(&VITRINE_RUN_LOG(object)->shown, g_free);
  G_OBJECT_CLASS(vitrine_run_log_parent_class)->dispose(object);
}

static void
vitrine_run_log_class_init(VitrineRunLogClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_run_log_dispose;
}

static void
vitrine_run_log_init(VitrineRunLog *self)
{
  self->scrolled = GTK_SCROLLED_WINDOW(gtk_scrolled_window_new());
  self->view = GTK_TEXT_VIEW(gtk_text_view_new());
  gtk_widget_set_name(GTK_WIDGET(self->view), "run-log-text");
  gtk_text_view_set_editable(self->view, FALSE);
  gtk_text_view_set_cursor_visible(self->view, FALSE);
  gtk_text_view_set_monospace(self->view, TRUE);
  gtk_text_view_set_wrap_mode(self->view, GTK_WRAP_NONE);
  gtk_text_view_set_accepts_tab(self->view, FALSE);
  gtk_text_view_set_left_margin(self->view, 10);
  gtk_text_view_set_right_margin(self->view, 10);
  gtk_text_view_set_top_margin(self->view, 8);
  gtk_text_view_set_bottom_margin(self->view, 8);
  gtk_widget_add_css_class(GTK_WIDGET(self->view), "run-log");
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("The last lines of the run's log"), -1);
  self->follow = TRUE;
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment(self->scrolled);
  g_signal_connect_object(adjustment, "value-changed", G_CALLBACK(moved_cb), self, 0);
  gtk_scrolled_window_set_child(self->scrolled, GTK_WIDGET(self->view));
  gtk_widget_set_vexpand(GTK_WIDGET(self->scrolled), TRUE);
  gtk_widget_set_hexpand(GTK_WIDGET(self->scrolled), TRUE);
  gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->scrolled));
  g_signal_connect_after(self, "map", G_CALLBACK(refresh), NULL);
}

GtkWidget *
vitrine_run_log_new(VitrineRun *run)
{
  g_return_val_if_fail(VITRINE_IS_RUN(run), NULL);
  VitrineRunLog *self = g_object_new(VITRINE_TYPE_RUN_LOG, "name", "run-log", NULL);

  self->run = g_object_ref(run);
  g_signal_connect_object(run, "changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET(self);
}
