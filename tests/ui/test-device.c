/* What renders: chosen in the window, moved to while it is open, and what the window does when it
 * has no room, stops working or is not there. A pretended CUDA device (tests/cuda-on-host) that
 * fails when a file appears. */
#include "tests/support/run-fixture.h"
#include <adwaita.h>
#include <glib/gstdio.h>
#include <string.h>
#include "app/session/vitrine-store.h"
#include "engine/backend/backend-device.h"
#include "ui/parts/vitrine-device-row.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/shell/vitrine-preferences.h"

#define NAME "a device pretended on the CPU"

static char *full, *lost;

static void
make(const char *path)
{
  g_assert_true(g_file_set_contents(path, "", 0, NULL));
}

/* ---- what is shown --------------------------------------------------------------------------- */

static char *
device(Fixture *f)
{
  char *title = NULL;
  g_object_get(vitrine_session_get_device(f->session), "title", &title, NULL);
  return title;
}

static gboolean
has_device(Fixture *f, gpointer start)
{
  g_autofree char *title = device(f);
  return g_str_has_prefix(title, start);
}

static const char *
label(Fixture *f, const char *name)
{
  return gtk_label_get_text(GTK_LABEL(fixture_part(f, name)));
}

static gboolean
has_banner(Fixture *f, gpointer says)
{
  return gtk_widget_get_mapped(fixture_part(f, "device-banner")) &&
         strstr(label(f, "device-trouble"), says);
}

static gboolean
has_no_banner(Fixture *f, gpointer data)
{
  return !gtk_widget_get_visible(fixture_part(f, "device-banner"));
}

static gboolean
is_mapped(Fixture *f, gpointer name)
{
  return gtk_widget_get_mapped(fixture_part(f, name));
}

static gboolean
has_status(Fixture *f, gpointer says)
{
  return strstr(label(f, "status-device"), says) != NULL;
}

typedef struct {
  int width, height;
  guint8 *pixels;
} Picture;

static Picture
picture_of(Fixture *f)
{
  GdkTexture *texture = vitrine_view_get_texture(vitrine_session_get_view(f->session));
  Picture p = {gdk_texture_get_width(texture), gdk_texture_get_height(texture), NULL};

  p.pixels = g_malloc((gsize)p.width * (gsize)p.height * 4);
  gdk_texture_download(texture, p.pixels, (gsize)p.width * 4);
  return p;
}

static int
difference(const Picture *a, const Picture *b)
{
  int most = 0;

  g_assert_cmpint(a->width, ==, b->width);
  g_assert_cmpint(a->height, ==, b->height);
  for (int i = 0; i < a->width * a->height * 4; i++)
    most = MAX(most, ABS(a->pixels[i] - b->pixels[i]));
  return most;
}

static void
store_device(const char *name)
{
  json_t *root = json_object();

  json_object_set_new(root, "device", json_string(name));
  vitrine_store_save("preferences", root);
  json_decref(root);
  vitrine_store_flush();
}

static void
open_on(Fixture *f, const char *name)
{
  fixture_forget_state();
  if (name)
    store_device(name);
  fixture_open(f, NULL);
}

static void
move_dimension(Fixture *f, int dim, double by)
{
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(f->session));

  recipe->z_offset[dim] += by;
  vitrine_session_apply(f->session, recipe, "Dimension", NULL);
}

/* ---- the preferences ------------------------------------------------------------------------- */

static gboolean
offers(Fixture *f, gpointer row)
{
  return g_list_model_get_n_items(adw_combo_row_get_model(row)) >= 3;
}

static const char *
shown(AdwComboRow *row)
{
  return gtk_string_object_get_string(adw_combo_row_get_selected_item(row));
}

static gboolean
says_not_found(Fixture *f, gpointer row)
{
  return strstr(shown(row), "(not found)") != NULL;
}

/* "In use" of the open preferences. */
static const char *
in_use(void)
{
  return adw_action_row_get_subtitle(ADW_ACTION_ROW(run_find("device-in-use")));
}

static GtkWidget *
open_preferences(Fixture *f)
{
  gtk_widget_activate_action(GTK_WIDGET(f->window), "win.preferences", NULL);
  GtkWidget *row = run_wait_for(f, "device", 10);
  fixture_wait(f, offers, row, 10);
  return row;
}

static void
close_preferences(GtkWidget *row)
{
  gtk_window_close(GTK_WINDOW(gtk_widget_get_root(row)));
}

static gboolean
is_insensitive(Fixture *f, gpointer row)
{
  return !gtk_widget_get_sensitive(row);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void
test_automatic(void)
{
  Fixture f;

  open_on(&f, NULL);
  g_assert_true(has_device(&f, (gpointer) "cuda:0, " NAME));
  fixture_wait(&f, has_status, (gpointer)(NAME " · fp32 · 0.0 of 8.0 GiB"), 5);
  const char *tooltip = gtk_widget_get_tooltip_text(fixture_part(&f, "status-device"));
  g_assert_nonnull(strstr(tooltip, "GiB of them by this window"));
  g_assert_true(has_no_banner(&f, NULL));
  vitrine_device_choice_set(vitrine_session_get_device(f.session), "cpu");
  fixture_wait(&f, has_device, (gpointer) "CPU, ", 20);
  fixture_wait(&f, has_status, (gpointer) "CPU, ", 5);
  fixture_close(&f);
}

/* The same picture from the other device, the same history, and the next start is like this one. */
static void
test_switch(void)
{
  Fixture f;

  open_on(&f, "cpu");
  g_assert_true(has_device(&f, (gpointer) "CPU, "));
  move_dimension(&f, 3, 4);
  fixture_settle(&f);
  Picture before = picture_of(&f);
  guint serial = vitrine_opener_get_serial(vitrine_session_get_opener(f.session));
  GtkWidget *row = open_preferences(&f);
  g_assert_cmpstr(shown(ADW_COMBO_ROW(row)), ==, "CPU");
  adw_combo_row_set_selected(ADW_COMBO_ROW(row), 2);
  g_assert_cmpstr(shown(ADW_COMBO_ROW(row)), ==, NAME " (cuda:0, 8.0 GiB)");
  fixture_wait(&f, has_device, (gpointer) "cuda:0, " NAME, 60);
  fixture_settle(&f);
  g_assert_true(g_str_has_prefix(in_use(), "cuda:0, " NAME));
  close_preferences(row);
  Picture after = picture_of(&f);
  g_assert_cmpint(difference(&before, &after), <=, 1);
  fixture_wait(&f, has_status, (gpointer) "GiB", 5);
  g_assert_cmpuint(vitrine_opener_get_serial(vitrine_session_get_opener(f.session)), ==, serial);
  /* Undo, and back. */
  gtk_widget_activate_action(GTK_WIDGET(f.window), "win.undo", NULL);
  g_assert_cmpfloat(vitrine_session_get_recipe(f.session)->z_offset[3], ==, 0);
  fixture_settle(&f);
  Picture undone = picture_of(&f);
  g_assert_cmpint(difference(&before, &undone), >, 8);
  gtk_widget_activate_action(GTK_WIDGET(f.window), "win.redo", NULL);
  fixture_settle(&f);
  fixture_close(&f);
  fixture_open(&f, NULL);
  g_assert_true(has_device(&f, (gpointer) "cuda:0, "));
  Picture again = picture_of(&f);
  g_assert_cmpint(difference(&before, &again), <=, 1);
  fixture_close(&f);
  g_free(before.pixels), g_free(after.pixels), g_free(undone.pixels), g_free(again.pixels);
}

/* A device that is stored and missing is said, in the banner and in the row; it stays chosen. */
static void
test_missing(void)
{
  Fixture f;

  open_on(&f, "cuda:5");
  g_assert_true(has_banner(&f, (gpointer) "The device cuda:5 cannot be used. The CPU renders"));
  g_assert_nonnull(strstr(label(&f, "device-trouble-detail"), "no device cuda:5"));
  g_assert_false(gtk_widget_get_visible(fixture_part(&f, "device-use-cpu"))); /* it does */
  g_assert_true(has_device(&f, (gpointer) "CPU, "));
  GtkWidget *row = open_preferences(&f);
  fixture_wait(&f, says_not_found, row, 10);
  g_assert_cmpstr(shown(ADW_COMBO_ROW(row)), ==, "cuda:5 (not found)");
  g_assert_true(gtk_widget_has_css_class(run_find("device-in-use"), "error"));
  g_assert_nonnull(strstr(in_use(), "cuda:5 cannot be used"));
  adw_combo_row_set_selected(ADW_COMBO_ROW(row), 1);
  fixture_wait(&f, has_no_banner, NULL, 20);
  g_assert_false(gtk_widget_has_css_class(run_find("device-in-use"), "error"));
  close_preferences(row);
  fixture_close(&f);
  /* A driver that is too old. */
  g_setenv("VITRINE_ON_HOST_FAILS", "35", TRUE);
  open_on(&f, "cuda:0");
  g_assert_true(has_banner(&f, (gpointer) "The device cuda:0 cannot be used"));
  g_assert_nonnull(strstr(label(&f, "device-trouble-detail"), "driver is too old"));
  fixture_wait(&f, is_mapped, (gpointer) "device-banner-close", 5);
  gtk_widget_activate(fixture_part(&f, "device-banner-close"));
  fixture_wait(&f, has_no_banner, NULL, 5);
  fixture_close(&f);
  /* Nothing was chosen: nothing to say. */
  open_on(&f, NULL);
  g_assert_true(has_no_banner(&f, NULL));
  g_assert_true(has_device(&f, (gpointer) "CPU, "));
  fixture_close(&f);
  g_unsetenv("VITRINE_ON_HOST_FAILS");
}

static gboolean
has_faces(Fixture *f, gpointer data)
{
  return vitrine_view_is_current(vitrine_session_get_view(f->session)) &&
         vitrine_session_get_recipe(f->session)->faces == 9 &&
         gdk_texture_get_width(vitrine_view_get_texture(vitrine_session_get_view(f->session))) > 64;
}

/* Started with --precision: shown, and no hindrance to a CPU that has but one. */
static void
test_precision(void)
{
  Fixture f;

  g_assert_true(sg_backend_set_precision("bf16", NULL));
  open_on(&f, "cuda:0");
  g_assert_true(has_device(&f, (gpointer) "cuda:0, " NAME ", bf16"));
  fixture_wait(&f, has_status, (gpointer)(NAME " · bf16 · "), 5);
  Picture half = picture_of(&f);
  vitrine_device_choice_set(vitrine_session_get_device(f.session), "cpu");
  fixture_wait(&f, has_device, (gpointer) "CPU, ", 20);
  fixture_settle(&f);
  g_assert_true(has_no_banner(&f, NULL));
  Picture cpu = picture_of(&f);
  g_assert_cmpint(difference(&half, &cpu), <, 32); /* eight bits a product */
  fixture_close(&f);
  g_assert_true(sg_backend_set_precision("fp32", NULL));
  g_free(half.pixels), g_free(cpu.pixels);
}

static double
mean_difference(const Picture *a, const Picture *b)
{
  double sum = 0;
  gsize n = (gsize)a->width * (gsize)a->height * 4;

  for (gsize i = 0; i < n; i++)
    sum += ABS(a->pixels[i] - b->pixels[i]);
  return sum / (double)n;
}

/* Chosen in the preferences: a picture a little different, and back again; no choice where there is
 * none; the next start is like this one. */
static void
test_choose_precision(void)
{
  Fixture f;

  g_assert_true(sg_backend_prefer_precision("fp32", NULL));
  open_on(&f, "cuda:0");
  Picture exact = picture_of(&f);
  GtkWidget *device_row = open_preferences(&f), *row = run_find("precision");
  g_assert_true(gtk_widget_get_sensitive(row));
  g_assert_cmpuint(adw_combo_row_get_selected(ADW_COMBO_ROW(row)), ==, SG_PRECISION_FP32);
  adw_combo_row_set_selected(ADW_COMBO_ROW(row), SG_PRECISION_BF16);
  fixture_wait(&f, has_device, (gpointer) "cuda:0, " NAME ", bf16", 60);
  fixture_settle(&f);
  fixture_wait(&f, has_status, (gpointer)(NAME " · bf16 · "), 5);
  Picture half = picture_of(&f);
  g_assert_cmpfloat(mean_difference(&exact, &half), >, 0);
  g_assert_cmpfloat(mean_difference(&exact, &half), <, 0.01 * 255);
  gboolean undo;
  g_object_get(vitrine_session_get_editor(f.session), "can-undo", &undo, NULL);
  g_assert_false(undo);
  g_autofree char *stored = vitrine_preferences_get_precision();
  g_assert_cmpstr(stored, ==, "bf16");
  adw_combo_row_set_selected(ADW_COMBO_ROW(row), SG_PRECISION_FP32);
  fixture_wait(&f, has_device, (gpointer) "cuda:0, " NAME, 60);
  fixture_wait(&f, has_status, (gpointer)(NAME " · fp32 · "), 60);
  fixture_settle(&f);
  Picture back = picture_of(&f);
  g_assert_cmpint(difference(&exact, &back), ==, 0);
  adw_combo_row_set_selected(ADW_COMBO_ROW(row), SG_PRECISION_FP16);
  fixture_wait(&f, has_device, (gpointer) "cuda:0, " NAME ", fp16", 60);
  vitrine_device_choice_set(vitrine_session_get_device(f.session), "cpu");
  fixture_wait(&f, has_device, (gpointer) "CPU, ", 20);
  if (sg_backend_cpu_bf16(NULL))
    g_assert_true(gtk_widget_get_sensitive(row));
  else
    fixture_wait(&f, is_insensitive, row, 5);
  g_assert_true(has_no_banner(&f, NULL));
  close_preferences(device_row);
  fixture_close(&f);
  g_assert_true(sg_backend_prefer_precision("fp32", NULL)); /* as at a start */
  fixture_open(&f, NULL);
  g_assert_true(has_device(&f, (gpointer) "cuda:0, " NAME ", fp16"));
  fixture_close(&f);
  g_assert_true(sg_backend_prefer_precision("fp32", NULL));
  g_free(exact.pixels), g_free(half.pixels), g_free(back.pixels);
}

/* No room for nine faces: words, the picture of before, a way out; and room again. */
static void
test_full(void)
{
  Fixture f;

  open_on(&f, "cuda:0");
  Picture before = picture_of(&f);
  make(full);
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 9);
  fixture_wait(&f, has_banner, (gpointer) "too little free memory. The last picture stays.", 60);
  g_assert_nonnull(strstr(label(&f, "device-trouble-detail"), "not enough GPU memory"));
  g_assert_null(vitrine_window_get_dialog(f.window));
  Picture kept = picture_of(&f);
  g_assert_cmpint(difference(&before, &kept), ==, 0);
  fixture_wait(&f, is_mapped, (gpointer) "device-use-cpu", 5);
  g_assert_true(gtk_widget_activate(fixture_part(&f, "device-use-cpu")));
  fixture_wait(&f, has_device, (gpointer) "CPU, ", 20);
  fixture_wait(&f, has_no_banner, NULL, 5);
  fixture_wait(&f, has_faces, NULL, 60);
  Picture cpu = picture_of(&f);
  /* For this time: what is stored is what was chosen. */
  GtkWidget *row = open_preferences(&f);
  g_assert_nonnull(strstr(in_use(), "next start takes “cuda:0”"));
  close_preferences(row);
  /* It cannot be moved to a full device. */
  vitrine_device_choice_set(vitrine_session_get_device(f.session), "cuda:0");
  fixture_wait(&f, has_banner, (gpointer) "too little free memory. The CPU renders instead.", 60);
  g_assert_true(has_device(&f, (gpointer) "CPU, "));
  g_remove(full);
  vitrine_device_choice_set(vitrine_session_get_device(f.session), "cuda:0"); /* once more */
  fixture_wait(&f, has_device, (gpointer) "cuda:0, ", 60);
  fixture_settle(&f);
  g_assert_true(has_no_banner(&f, NULL));
  Picture device = picture_of(&f);
  g_assert_cmpint(difference(&cpu, &device), <=, 1);
  fixture_close(&f);
  g_free(before.pixels), g_free(kept.pixels), g_free(cpu.pixels), g_free(device.pixels);
}

/* Memory comes back by itself, and so do the pictures. */
static void
test_full_for_a_while(void)
{
  Fixture f;

  open_on(&f, "cuda:0");
  make(full);
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 9);
  fixture_wait(&f, has_banner, (gpointer) "too little free memory", 60);
  g_remove(full);
  move_dimension(&f, 3, 4);
  fixture_wait(&f, has_faces, NULL, 60);
  g_assert_true(has_no_banner(&f, NULL));
  Picture device = picture_of(&f);
  vitrine_device_choice_set(vitrine_session_get_device(f.session), "cpu");
  fixture_wait(&f, has_device, (gpointer) "CPU, ", 20);
  fixture_settle(&f);
  Picture cpu = picture_of(&f);
  g_assert_cmpint(difference(&cpu, &device), <=, 1);
  fixture_close(&f);
  g_free(cpu.pixels), g_free(device.pixels);
}

/* A model that does not fit is shown all the same. */
static void
test_full_at_the_start(void)
{
  Fixture f;

  make(full);
  open_on(&f, "cuda:0");
  g_remove(full);
  g_assert_true(has_banner(&f, (gpointer) "too little free memory. The CPU renders instead."));
  g_assert_true(has_device(&f, (gpointer) "CPU, "));
  fixture_close(&f);
}

/* The row of the training's dialog decides the trainer's --device, and its answer names it. */
static gboolean
has_device_line(Fixture *f, gpointer dialog)
{
  for (int i = 0; i < 8; i++) {
    g_autofree char *name = g_strdup_printf("preflight-%d", i);
    GtkWidget *row = fixture_find(dialog, name);
    if (row && gtk_widget_get_visible(row) &&
        strstr(adw_action_row_get_subtitle(ADW_ACTION_ROW(row)), "cuda:0, " NAME ", 8.0 GiB"))
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_refused(Fixture *f, gpointer dialog)
{
  return strstr(run_label("new-run-problem"), "GPU memory (cuda:0, " NAME ")") &&
         !gtk_widget_is_sensitive(fixture_find(dialog, "new-run-start"));
}

static void
test_new_run(void)
{
  Fixture f;

  open_on(&f, "cpu");
  VitrineNewRun *dialog = vitrine_new_run_present(GTK_WINDOW(f.window));
  VitrineRunSetup *setup = vitrine_new_run_get_setup(dialog);
  GtkWidget *row = fixture_find(GTK_WIDGET(dialog), "run-device");
  g_autofree char *zip = run_make_zip("pictures.zip");

  fixture_wait(&f, offers, row, 10);
  g_assert_cmpstr(shown(ADW_COMBO_ROW(row)), ==, "Automatic");
  adw_combo_row_set_selected(ADW_COMBO_ROW(row), 2);
  g_assert_cmpstr(vitrine_run_setup_get(setup, "device"), ==, "cuda:0");
  run_make_small(dialog);
  vitrine_run_setup_set(setup, "batch", "4", NULL);
  vitrine_new_run_set_data(dialog, zip);
  fixture_wait(&f, has_device_line, dialog, 60);
  g_auto(GStrv) argv = vitrine_run_setup_argv(setup);
  g_assert_true(g_strv_contains((const char *const *)argv, "--device=cuda:0"));
  /* What does not fit on it cannot be started. */
  g_setenv("VITRINE_ON_HOST_MIB", "10", TRUE);
  vitrine_run_setup_set(setup, "batch", "4096", NULL);
  fixture_wait(&f, is_refused, dialog, 60);
  g_unsetenv("VITRINE_ON_HOST_MIB");
  /* From elsewhere, and back. */
  vitrine_run_setup_set(setup, "device", "cuda:9", NULL);
  g_assert_cmpstr(shown(ADW_COMBO_ROW(row)), ==, "cuda:9 (not found)");
  adw_combo_row_set_selected(ADW_COMBO_ROW(row), 1);
  g_assert_cmpstr(vitrine_run_setup_get(setup, "device"), ==, "cpu");
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_close(&f);
}

/* Last: the device does not come back in this process. */
static void
test_lost(void)
{
  Fixture f;

  open_on(&f, "cuda:0");
  Picture before = picture_of(&f);
  make(lost);
  vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 77);
  fixture_wait(&f, has_banner, (gpointer) "has stopped working", 60);
  g_assert_nonnull(strstr(label(&f, "device-trouble"), "The last picture stays."));
  g_assert_null(vitrine_window_get_dialog(f.window));
  Picture kept = picture_of(&f);
  g_assert_cmpint(difference(&before, &kept), ==, 0);
  fixture_wait(&f, is_mapped, (gpointer) "device-use-cpu", 5);
  g_assert_true(gtk_widget_activate(fixture_part(&f, "device-use-cpu")));
  fixture_wait(&f, has_device, (gpointer) "CPU, ", 20);
  fixture_settle(&f);
  Picture cpu = picture_of(&f);
  g_assert_cmpint(difference(&before, &cpu), >, 8);
  /* It is not there any more, and trying does no harm. */
  vitrine_device_choice_set(vitrine_session_get_device(f.session), "cuda:0");
  fixture_wait(&f, has_banner, (gpointer) "has stopped working", 60);
  g_assert_nonnull(strstr(label(&f, "device-trouble"), "CPU renders instead"));
  move_dimension(&f, 3, 4);
  fixture_settle(&f);
  fixture_close(&f);
  open_on(&f, NULL); /* automatic */
  g_assert_true(has_banner(&f, (gpointer) "has stopped working"));
  g_assert_true(has_device(&f, (gpointer) "CPU, "));
  fixture_close(&f);
  g_remove(lost);
  g_free(before.pixels), g_free(kept.pixels), g_free(cpu.pixels);
}

int
main(int argc, char **argv)
{
  if (!g_getenv("VITRINE_CUDA_MODULE")) {
    g_printerr("SKIPPED: there is no pretended CUDA device in this build (g++ was not found)\n");
    return 77;
  }
  full = fixture_path("full"), lost = fixture_path("lost");
  g_setenv("VITRINE_ON_HOST_FULL", full, TRUE);
  g_setenv("VITRINE_ON_HOST_LOST", lost, TRUE);
  gtk_test_init(&argc, &argv, NULL);
  /* The program warns of scores that the device cannot compute, too. */
  g_log_set_always_fatal(G_LOG_FATAL_MASK);
  g_test_add_func("/device/automatic", test_automatic);
  g_test_add_func("/device/switch", test_switch);
  g_test_add_func("/device/missing", test_missing);
  g_test_add_func("/device/precision", test_precision);
  g_test_add_func("/device/choose-precision", test_choose_precision);
  g_test_add_func("/device/full", test_full);
  g_test_add_func("/device/full-for-a-while", test_full_for_a_while);
  g_test_add_func("/device/full-at-the-start", test_full_at_the_start);
  g_test_add_func("/device/new-run", test_new_run);
  g_test_add_func("/device/lost", test_lost);
  return g_test_run();
}
