/* What a run has to say, as rows: what is seen, what to try, and a button to close it. */
#include <glib/gi18n.h>
#include <string.h>
#include "ui/training/vitrine-run-view-private.h"

#define LAST_LINES 4

typedef struct {
  const char *id;
  SgAdviceLevel level;
  const char *text, *what_to_try;
  const char *code;   /* lines of a log, or NULL */
  const char *action; /* of the view, with `label`, or NULL */
  const char *label;
} Row;

static const char *const icons[] = {"dialog-information-symbolic", "dialog-warning-symbolic",
                                    "dialog-error-symbolic"};
static const char *const classes[] = {"note", "warning", "error"};

static void
close_cb(GtkWidget *button, VitrineRunView *self)
{
  g_hash_table_add(self->dismissed, g_strdup(g_object_get_data(G_OBJECT(button), "id")));
  vitrine_run_view_show_advice(self);
}

static GtkWidget *
label_new(const char *text, const char *css)
{
  GtkWidget *label = gtk_label_new(text);

  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_selectable(GTK_LABEL(label), TRUE);
  gtk_widget_set_can_focus(label, FALSE);
  if (css)
    gtk_widget_add_css_class(label, css);
  return label;
}

static GtkWidget *
texts_new(const Row *row)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);

  gtk_widget_set_hexpand(box, TRUE);
  gtk_box_append(GTK_BOX(box), label_new(row->text, NULL));
  if (row->what_to_try && *row->what_to_try)
    gtk_box_append(GTK_BOX(box), label_new(row->what_to_try, "dim-label"));
  if (row->action) {
    GtkWidget *button = gtk_button_new_with_label(row->label);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), row->action);
    gtk_widget_set_halign(button, GTK_ALIGN_START);
    gtk_widget_set_margin_top(button, 4);
    gtk_widget_set_margin_bottom(button, 4);
    gtk_box_append(GTK_BOX(box), button);
  }
  if (row->code && *row->code) {
    GtkWidget *code = label_new(row->code, "monospace");
    gtk_label_set_wrap(GTK_LABEL(code), FALSE);
    gtk_label_set_ellipsize(GTK_LABEL(code), PANGO_ELLIPSIZE_END);
    gtk_box_append(GTK_BOX(box), code);
  }
  return box;
}

static void
add_row(VitrineRunView *self, const Row *row)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *icon = gtk_image_new_from_icon_name(icons[row->level]);
  GtkWidget *close = gtk_button_new_from_icon_name("window-close-symbolic");
  g_autofree char *name = g_strconcat("advice-", row->id, NULL);

  gtk_widget_set_name(box, name);
  gtk_widget_add_css_class(box, "run-advice");
  gtk_widget_add_css_class(box, classes[row->level]);
  gtk_widget_set_valign(icon, GTK_ALIGN_START);
  gtk_widget_set_valign(close, GTK_ALIGN_START);
  gtk_widget_add_css_class(close, "flat");
  gtk_widget_set_tooltip_text(close, _("Close this hint"));
  g_object_set_data_full(G_OBJECT(close), "id", g_strdup(row->id), g_free);
  g_signal_connect(close, "clicked", G_CALLBACK(close_cb), self);
  gtk_box_append(GTK_BOX(box), icon);
  gtk_box_append(GTK_BOX(box), texts_new(row));
  gtk_box_append(GTK_BOX(box), close);
  gtk_box_append(self->advice, box);
}

/* ---- which rows ------------------------------------------------------------------------------ */

/* Columns of a log are wide apart: here there is room for words only. */
static char *
squeeze(const char *text)
{
  GString *out = g_string_new(NULL);

  for (const char *p = text; *p; p++)
    if (*p != ' ' || p[1] != ' ')
      g_string_append_c(out, *p);
  return g_string_free(out, FALSE);
}

static char *
last_lines(const char *log)
{
  g_autofree char *text = g_strchomp(squeeze(log ? log : ""));
  const char *at = text + strlen(text);

  for (int n = 0; at > text; at--)
    if (at[-1] == '\n' && ++n == LAST_LINES)
      break;
  return g_strdup(at);
}

static gboolean
has(GPtrArray *advice, const char *id)
{
  for (guint i = 0; advice && i < advice->len; i++)
    if (g_str_equal(((SgAdvice *)advice->pdata[i])->id, id))
      return TRUE;
  return FALSE;
}

static Row
died_row(VitrineRunView *self, const char *lines)
{
  return (Row){"died",
               SG_ADVICE_ERROR,
               _("The training died: its process is gone and did not say why."),
               _("It was killed, crashed, or the machine was switched off. Resuming goes on from "
                 "the newest snapshot. These are its last lines:"),
               lines,
               "run.resume",
               _("Resume Run…")};
}

/* Rows are made anew only when they say something else: a button keeps its focus. */
static char *
fingerprint(VitrineRunView *self, GPtrArray *advice, gboolean died, const char *lines)
{
  GString *text = g_string_new(died ? lines : "");

  for (guint i = 0; advice && i < advice->len; i++) {
    const SgAdvice *a = advice->pdata[i];
    if (!g_hash_table_contains(self->dismissed, a->id))
      g_string_append_printf(text, "\n%s\t%s\t%s", a->id, a->text, a->what_to_try);
  }
  if (died && !g_hash_table_contains(self->dismissed, "died"))
    g_string_append(text, "\ndied");
  return g_string_free(text, FALSE);
}

void
vitrine_run_view_show_advice(VitrineRunView *self)
{
  g_return_if_fail(VITRINE_IS_RUN_VIEW(self));
  const SgRunStatus *s = vitrine_run_get_status(self->run);
  GPtrArray *advice = vitrine_run_get_advice(self->run);
  gboolean died = s && s->state == SG_RUN_DIED && !has(advice, "died");
  g_autofree char *lines = last_lines(vitrine_run_get_log(self->run));
  g_autofree char *print = fingerprint(self, advice, died, lines);
  GtkWidget *child;

  if (g_strcmp0(print, self->advice_shown) == 0)
    return;
  g_free(self->advice_shown);
  self->advice_shown = g_steal_pointer(&print);
  while ((child = gtk_widget_get_first_child(GTK_WIDGET(self->advice))))
    gtk_box_remove(self->advice, child);
  if (died && !g_hash_table_contains(self->dismissed, "died")) {
    Row row = died_row(self, lines);
    add_row(self, &row);
  }
  for (guint i = 0; advice && i < advice->len; i++) {
    const SgAdvice *a = advice->pdata[i];
    Row row = {a->id, a->level, a->text, a->what_to_try, NULL, NULL, NULL};
    if (s && s->state == SG_RUN_DIED && g_str_equal(a->id, "died")) {
      row.code = lines;
      row.action = "run.resume";
      row.label = _("Resume Run…");
    }
    if (!g_hash_table_contains(self->dismissed, a->id))
      add_row(self, &row);
  }
  /* The scrolled window around it takes no room for nothing. */
  GtkWidget *scrolled = gtk_widget_get_ancestor(GTK_WIDGET(self->advice), GTK_TYPE_SCROLLED_WINDOW);
  gtk_widget_set_visible(scrolled, gtk_widget_get_first_child(GTK_WIDGET(self->advice)) != NULL);
}
