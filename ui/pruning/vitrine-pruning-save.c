#include "ui/pruning/vitrine-pruning-save.h"
#include <glib/gi18n.h>
#include <inttypes.h> /* PRIu64: xgettext reads it, not G_GUINT64_FORMAT */
#include "app/work/vitrine-pruned-model.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-file-dialog.h"

typedef struct {
  VitrinePrunedModel *work; /* the model as pruned; NULL after a failure */
  SgModel *model;
  char *path;
  SgPruneSaving saving;
  SgPruneSpeed speed;
  char *speed_error;
  VitrineSession *session;
  GtkWidget *button; /* weak */
  gulong model_changed;
  gboolean unmeasured; /* another model was opened */
} Saving;

static void
let_go(Saving *s)
{
  if (s->button) {
    gtk_widget_set_sensitive(s->button, TRUE);
    g_object_remove_weak_pointer(G_OBJECT(s->button), (gpointer *)&s->button);
    s->button = NULL;
  }
  g_clear_signal_handler(&s->model_changed, s->session);
  g_clear_object(&s->session);
  g_clear_pointer(&s->work, vitrine_pruned_model_unref);
  sg_model_unref(s->model);
  g_free(s->path);
  g_free(s->speed_error);
  g_free(s);
}

static GtkWindow *
window_of(const Saving *s)
{
  GtkRoot *root = s->button ? gtk_widget_get_root(s->button) : NULL;
  return GTK_IS_WINDOW(root) ? GTK_WINDOW(root) : NULL;
}

/* ---- what it tells ----------------------------------------------------------------------- */

static void
tell_file(const Saving *s, GString *text)
{
  const SgPruneSaving *v = &s->saving;
  g_autofree char *bytes = g_format_size(v->bytes);
  g_autofree char *before = g_format_size(v->compressed_before);
  g_autofree char *after = g_format_size(v->compressed);

  g_string_append_printf(text,
                         _("%'" PRIu64 " of %'" PRIu64 " weights are zero (%.1f %%); "
                           "before, %'" PRIu64 " were.\n\n"),
                         v->zeros, v->weights,
                         100.0 * (double)v->zeros / (double)MAX(v->weights, 1), v->zeros_before);
  g_string_append_printf(
      text,
      _("The file takes %s: a zero takes as much room as any number. Compressed (zlib), its "
        "tensors take %s in place of %s.\n\n"),
      bytes, after, before);
}

static void
tell_speed(const Saving *s, GString *text)
{
  const SgPruneSpeed *v = &s->speed;

  if (s->unmeasured || s->speed_error) {
    g_string_append(text, s->unmeasured ? _("Its speed was not measured: another model is open.")
                                        : s->speed_error);
    return;
  }
  g_string_append_printf(text, _("A picture takes %.2f ms with these zeros, %.2f ms without. "),
                         v->ms_pruned, v->ms_before);
  if (v->removed == 0)
    g_string_append(text, _("No channel can be left out: each is still read somewhere."));
  else
    g_string_append_printf(
        text,
        ngettext("With %d of %d channels left out, which nothing reads any more, it takes "
                 "%.2f ms.",
                 "With %d of %d channels left out, which nothing reads any more, it takes "
                 "%.2f ms.",
                 v->removed),
        v->removed, v->channels, v->ms_slim);
}

static void
finish(Saving *s)
{
  GString *text = g_string_new(NULL);
  g_autofree char *name = g_filename_display_basename(s->path);
  g_autofree char *heading = g_strdup_printf(_("Saved %s"), name);
  GtkWindow *window = window_of(s);

  tell_file(s, text);
  tell_speed(s, text);
  if (window)
    gtk_widget_set_name(vitrine_dialogs_message(window, heading, text->str), "prune-saved");
  g_string_free(text, TRUE);
  let_go(s);
}

/* ---- writing and measuring --------------------------------------------------------------- */

static void
measured_cb(gpointer news, gboolean finished, gpointer user_data)
{
  Saving *s = user_data;
  const VitrinePrunedSpeed *speed = news;

  if (speed) {
    s->speed = speed->speed;
    s->speed_error = g_strdup(speed->error);
  }
  if (finished)
    finish(s);
}

static void
other_model_cb(Saving *s)
{
  s->unmeasured = TRUE;
  finish(s);
}

static void
written_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  Saving *s = data;
  g_autoptr(GError) error = NULL;

  if (!vitrine_pruned_model_write_finish(result, &s->saving, &error)) {
    if (window_of(s))
      vitrine_dialogs_message(window_of(s), _("Not saved"), error->message);
    let_go(s);
    return;
  }
  if (vitrine_session_get_model(s->session) != s->model) {
    other_model_cb(s);
    return;
  }
  /* That would end the task without a word. */
  s->model_changed =
      g_signal_connect_swapped(s->session, "model-changed", G_CALLBACK(other_model_cb), s);
  vitrine_pruned_model_measure(s->work, vitrine_session_get_view(s->session), measured_cb, s);
}

void
vitrine_pruning_save_to(VitrineSession *session, GtkWidget *button, GFile *file)
{
  const SgRecipe *r = vitrine_session_get_recipe(session);
  char *path = g_file_get_path(file);

  if (!r || !path) {
    g_free(path);
    return;
  }
  Saving *s = g_new0(Saving, 1);
  s->model = sg_model_ref(vitrine_session_get_model(session));
  s->work = vitrine_pruned_model_new(s->model, &r->prune);
  s->path = path;
  s->session = g_object_ref(session);
  g_set_weak_pointer(&s->button, button);
  gtk_widget_set_sensitive(button, FALSE);
  vitrine_pruned_model_write(s->work, path, written_cb, s);
}

typedef struct {
  VitrineSession *session;
  GtkWidget *button;
} Question;

static void
chosen_cb(GFile *file, gpointer data)
{
  Question *q = data;

  if (file && gtk_widget_get_root(q->button))
    vitrine_pruning_save_to(q->session, q->button, file);
  g_object_unref(q->session);
  g_object_unref(q->button);
  g_free(q);
}

void
vitrine_pruning_save(VitrineSession *session, GtkWidget *button)
{
  const SgRecipe *r = vitrine_session_get_recipe(session);

  if (!r)
    return;
  SgModel *model = vitrine_session_get_model(session);
  g_autofree char *base = g_filename_display_basename(model->path ? model->path : "model");
  char *dot = strrchr(base, '.');
  if (dot)
    *dot = '\0';
  g_autofree char *name = g_strdup_printf("%s-pruned.safetensors", base);
  Question *q = g_new(Question, 1);
  q->session = g_object_ref(session);
  q->button = g_object_ref(button);
  vitrine_file_dialog_save(GTK_WINDOW(gtk_widget_get_root(button)), _("Save pruned model"), name,
                           NULL, chosen_cb, q);
}
