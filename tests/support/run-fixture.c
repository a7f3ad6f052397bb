#include "tests/support/run-fixture.h"
#include <glib/gstdio.h>
#include "engine/pictures/picture.h"
#include "engine/formats/zip-writer.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/training/vitrine-run-view.h"

GtkWidget *
run_find(const char *name)
{
  GListModel *windows = gtk_window_get_toplevels();

  for (guint i = 0; i < g_list_model_get_n_items(windows); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(windows, i);
    GtkWidget *found = fixture_find(window, name);
    if (found)
      return found;
  }
  return NULL;
}

static gboolean
is_there(Fixture *f, gpointer name)
{
  return run_find(name) != NULL;
}

GtkWidget *
run_wait_for(Fixture *f, const char *name, double seconds)
{
  fixture_wait(f, is_there, (gpointer)name, seconds);
  return run_find(name);
}

const char *
run_label(const char *name)
{
  GtkWidget *label = run_find(name);

  g_assert_true(GTK_IS_LABEL(label));
  return gtk_label_get_text(GTK_LABEL(label));
}

void
run_click(const char *name)
{
  GtkWidget *button = run_find(name);

  g_assert_true(GTK_IS_BUTTON(button));
  g_assert_true(gtk_widget_is_sensitive(button));
  g_signal_emit_by_name(button, "clicked");
}

void
run_answer(const char *name, const char *choice)
{
  g_autoptr(GtkWidget) dialog = run_find(name);

  g_assert_nonnull(dialog);
  g_object_ref(dialog);
  g_signal_emit_by_name(dialog, "response", choice);
  vitrine_dialogs_close(dialog);
}

/* ---- data ------------------------------------------------------------------------------------ */

static GBytes *
png(int width, int height, guint seed)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(seed);
  gsize n = (gsize)width * (gsize)height * 3;
  g_autofree guint8 *rgb = g_malloc(n);
  g_autoptr(GError) error = NULL;

  for (gsize i = 0; i < n; i++)
    rgb[i] = (guint8)g_rand_int(random);
  GBytes *bytes = sg_png_encode(rgb, width, height, NULL, &error);
  g_assert_no_error(error);
  return bytes;
}

void
run_write_png(const char *path, int width, int height, guint seed)
{
  g_autoptr(GBytes) bytes = png(width, height, seed);
  gsize size;
  const char *data = g_bytes_get_data(bytes, &size);

  g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

char *
run_make_zip(const char *name)
{
  char *path = fixture_path(name);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgZipWriter) zip = sg_zip_writer_new(path, &error);

  g_assert_no_error(error);
  for (guint i = 0; i < 24; i++) {
    g_autofree char *entry = g_strdup_printf("%02u.png", i);
    g_autoptr(GBytes) bytes = png(8, 8, i);
    gsize size;
    gconstpointer data = g_bytes_get_data(bytes, &size);
    g_assert_true(sg_zip_writer_add(zip, entry, data, size, &error));
  }
  g_assert_true(sg_zip_writer_commit(zip, &error));
  g_assert_no_error(error);
  return path;
}

/* ---- runs ------------------------------------------------------------------------------------ */

void
run_make_small(VitrineNewRun *dialog)
{
  static const char *const small[][2] = {
      {"mbstd-group", "2"}, {"channel-base", "64"}, {"channel-max", "8"},    {"z-dim", "8"},
      {"w-dim", "8"},       {"threads", "1"},       {"mapping-layers", "2"}, {"workers", "1"},
      {"tick", "0.2"},      {"metrics", "none"},    {"metric-images", "16"},
  };
  VitrineRunSetup *setup = vitrine_new_run_get_setup(dialog);
  g_autoptr(GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS(small); i++) {
    vitrine_run_setup_set(setup, small[i][0], small[i][1], &error);
    g_assert_no_error(error);
  }
}

static void
type(GtkWidget *dialog, const char *entry, const char *text)
{
  GtkWidget *widget = fixture_find(dialog, entry);

  g_assert_true(GTK_IS_EDITABLE(widget));
  gtk_editable_set_text(GTK_EDITABLE(widget), text);
}

static gboolean
can_start(Fixture *f, gpointer dialog)
{
  return gtk_widget_is_sensitive(fixture_find(dialog, "new-run-start")) &&
         gtk_widget_get_visible(fixture_find(dialog, "preflight-0"));
}

static gboolean
trains(Fixture *f, gpointer data)
{
  GtkWidget *view = run_find("run-view");
  const SgRunStatus *s =
      view ? vitrine_run_get_status(vitrine_run_view_get_run(VITRINE_RUN_VIEW(view))) : NULL;

  return s && s->state == SG_RUN_RUNNING && s->rows > 0 && !run_find("new-run") &&
         vitrine_run_can_steer(vitrine_run_view_get_run(VITRINE_RUN_VIEW(view)));
}

VitrineRun *
run_start(Fixture *f, const char *kimg)
{
  g_autofree char *zip = run_make_zip("pictures.zip"), *outdir = fixture_path("runs");

  gtk_widget_activate_action(GTK_WIDGET(f->window), "win.show-pane", "s", "training");
  run_wait_for(f, "training-new", 5);
  run_click("training-new");
  GtkWidget *dialog = run_wait_for(f, "new-run", 5);
  run_make_small(VITRINE_NEW_RUN(dialog));
  vitrine_run_setup_set(vitrine_new_run_get_setup(VITRINE_NEW_RUN(dialog)), "outdir", outdir, NULL);
  type(dialog, "option-batch", "4");
  type(dialog, "option-kimg", kimg);
  type(dialog, "option-snap", "1000000");
  vitrine_new_run_set_data(VITRINE_NEW_RUN(dialog), zip);
  fixture_wait(f, can_start, dialog, 60);
  run_click("new-run-start");
  fixture_wait(f, trains, NULL, 60);
  return g_object_ref(vitrine_run_view_get_run(VITRINE_RUN_VIEW(run_find("run-view"))));
}

typedef struct {
  VitrineRun *run;
  SgRunState state;
} Wanted;

static gboolean
has_state(Fixture *f, gpointer data)
{
  const Wanted *w = data;
  const SgRunStatus *s = vitrine_run_get_status(w->run);

  return s && s->state == w->state;
}

void
run_wait_state(Fixture *f, VitrineRun *run, SgRunState state)
{
  Wanted wanted = {run, state};

  fixture_wait(f, has_state, &wanted, 40);
}
