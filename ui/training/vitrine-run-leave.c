#include "ui/training/vitrine-run-leave.h"
#include <glib/gi18n.h>
#include "app/runs/vitrine-run.h"
#include "app/session/vitrine-store.h"
#include "app/runs/vitrine-run-ask.h"
#include "ui/parts/vitrine-dialogs.h"

static GPtrArray *started; /* of VitrineRun */

void
vitrine_run_leave_add(const char *run_dir)
{
  g_autoptr(VitrineRun) run = vitrine_run_watch(run_dir);

  if (!started)
    started = g_ptr_array_new_with_free_func(g_object_unref);
  if (!g_ptr_array_find(started, run, NULL))
    g_ptr_array_add(started, g_object_ref(run));
}

static gboolean
trains(VitrineRun *run)
{
  const SgRunStatus *status = vitrine_run_get_status(run);
  return status && (status->state == SG_RUN_RUNNING || status->state == SG_RUN_PAUSED);
}

static guint
count_training(void)
{
  guint n = 0;

  for (guint i = 0; started && i < started->len; i++)
    n += trains(started->pdata[i]) ? 1 : 0;
  return n;
}

/* ---- stopping them --------------------------------------------------------------------------- */

static void
stopped_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_application_release(G_APPLICATION(data));
}

/* The program stays until the trainings have been told; they save and end by themselves. */
static void
stop_all(GtkWindow *window)
{
  GApplication *application = G_APPLICATION(gtk_window_get_application(window));

  for (guint i = 0; started && i < started->len; i++) {
    if (!trains(started->pdata[i]))
      continue;
    g_application_hold(application);
    vitrine_run_stop(vitrine_run_get_path(started->pdata[i]), stopped_cb, application);
  }
}

/* ---- asking ---------------------------------------------------------------------------------- */

static gboolean
is_remembered(void)
{
  json_t *root = vitrine_store_load("training");
  gboolean keep = json_is_true(json_object_get(root, "close_without_asking"));

  json_decref(root);
  return keep;
}

static void
remember(void)
{
  json_t *root = vitrine_store_load("training");

  json_object_set_new(root, "close_without_asking", json_true());
  vitrine_store_save("training", root);
  json_decref(root);
}

static gboolean
close_cb(gpointer window)
{
  gtk_window_close(window);
  return G_SOURCE_REMOVE;
}

static void
answered_cb(const char *answer, gpointer data)
{
  g_autoptr(GtkWindow) window = data;
  GtkWidget *again = g_object_get_data(G_OBJECT(window), "leave-again");

  if (!g_str_equal(answer, "cancel")) {
    if (g_str_equal(answer, "stop"))
      stop_all(window);
    else if (gtk_check_button_get_active(GTK_CHECK_BUTTON(again)))
      remember();
    g_object_set_data(G_OBJECT(window), "leave-decided", GINT_TO_POINTER(TRUE));
    /* After the dialog, which is the window's child, has gone. */
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, close_cb, g_object_ref(window), g_object_unref);
  }
  g_object_set_data(G_OBJECT(window), "leave-again", NULL);
}

gboolean
vitrine_run_leave_ask(GtkWindow *window)
{
  static const VitrineChoice choices[] = {
      {"cancel", N_("_Cancel"), VITRINE_CHOICE_PLAIN},
      {"stop", N_("_Stop Training"), VITRINE_CHOICE_DESTRUCTIVE},
      {"close", N_("C_lose"), VITRINE_CHOICE_SUGGESTED},
      {NULL},
  };

  if (g_object_get_data(G_OBJECT(window), "leave-decided") || count_training() == 0 ||
      is_remembered())
    return FALSE;
  if (g_object_get_data(G_OBJECT(window), "leave-again"))
    return TRUE; /* it is being asked */
  GtkWidget *again = gtk_check_button_new_with_mnemonic(_("Close without asking from now _on"));
  gtk_widget_set_halign(again, GTK_ALIGN_CENTER);
  g_object_set_data_full(G_OBJECT(window), "leave-again", g_object_ref_sink(again), g_object_unref);
  GtkWidget *dialog = vitrine_dialogs_ask(
      window, _("A training is running"),
      _("The training goes on without the window. When you open Vitrine again, it is shown again."),
      choices, again, answered_cb, g_object_ref(window));
  gtk_widget_set_name(dialog, "leave-dialog");
  return TRUE;
}
