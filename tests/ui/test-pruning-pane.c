/* The pruning pane in the real window, through its widgets. Counts are checked against a plain loop
 * over the model's tensors, scores against pictures rendered and scored one by one here. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "tests/support/window-fixture.h"
#include "ui/charts/vitrine-plot.h"
#include "engine/models/model.h"
#include "engine/pictures/picture.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/pruning/vitrine-pruning-reals.h"
#include "ui/pruning/vitrine-pruning-save.h"
#include "ui/pruning/vitrine-pruning-sweep.h"
#include "ui/shell/vitrine-side.h"

static VitrineSide *
find_side(GtkWidget *root)
{
  VitrineSide *found = VITRINE_IS_SIDE(root) ? VITRINE_SIDE(root) : NULL;
  for (GtkWidget *child = gtk_widget_get_first_child(root); child && !found;
       child = gtk_widget_get_next_sibling(child))
    found = find_side(child);
  return found;
}

static const char *
text(Fixture *f, const char *name)
{
  return gtk_label_get_text(GTK_LABEL(fixture_part(f, name)));
}

static gboolean
counted(Fixture *f, gpointer data)
{
  return g_ascii_isdigit(text(f, "prune-remaining")[0]);
}

static gboolean
scored(Fixture *f, gpointer data)
{
  return strstr(text(f, "prune-sigmoid"), "±") && strstr(text(f, "prune-sigmoid-original"), "±");
}

static void
open_model(Fixture *f, const char *path, gboolean wait_for_score)
{
  fixture_forget_state();
  fixture_open(f, path);
  vitrine_side_show(find_side(GTK_WIDGET(f->window)), "pruning");
  fixture_wait(f, counted, NULL, 30);
  if (wait_for_score)
    fixture_wait(f, scored, NULL, 60);
}

static void
open_pane(Fixture *f, gboolean wait_for_score)
{
  open_model(f, NULL, wait_for_score);
}

/* A model so small that its 32 faces are scored at once, also where a sanitizer looks on: for what
 * scores them again and again. */
static void
open_small(Fixture *f)
{
  g_autofree char *path = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2_ada_p3.pkl", NULL);
  open_model(f, path, TRUE);
}

static void
turn(Fixture *f, double threshold)
{
  gtk_range_set_value(GTK_RANGE(fixture_part(f, "prune-dial")), threshold);
}

static void
click(Fixture *f, const char *name)
{
  g_signal_emit_by_name(fixture_part(f, name), "clicked");
}

/* Not below the threshold; all of the layer where a name fragment excludes it. */
static guint64
count(Fixture *f, double threshold, const char *excluded)
{
  SgModel *model = vitrine_session_get_model(f->session);
  guint64 n = 0;
  for (guint i = 0; i < model->names->len; i++) {
    const char *name = model->names->pdata[i];
    const SgTensor *t = g_hash_table_lookup(model->tensors, name);
    if (!g_str_has_prefix(name, "G_ema.") || !g_str_has_suffix(name, ".weight") || t->ndim < 2)
      continue;
    double least = excluded && strstr(name, excluded) ? 0 : threshold;
    for (gsize k = 0; k < t->numel; k++)
      n += fabs((double)t->data[k]) >= least;
  }
  return n;
}

/* The number in a label, whatever separates its thousands. */
static guint64
shown_count(Fixture *f, const char *name)
{
  guint64 n = 0;
  for (const char *s = text(f, name); *s; s++)
    if (g_ascii_isdigit(*s))
      n = n * 10 + (guint64)(*s - '0');
  return n;
}

static void
score_here(Fixture *f, double threshold, double *score, double *logit)
{
  g_autoptr(GError) error = NULL;
  SgModel *model = vitrine_session_get_model(f->session);
  g_autoptr(SgRenderer) renderer = sg_renderer_new(model, NULL, &error);
  g_autoptr(SgRecipe) r = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  double logits[32];

  r->faces = 32;
  r->prune.threshold = threshold;
  g_autoptr(SgPicture) p = sg_renderer_render(renderer, r, 0, &error);
  g_assert_no_error(error);
  for (int i = 0; i < 32; i++) { /* each by itself, as it is drawn: what a saved file gets */
    g_autoptr(SgTensor) image = sg_image_from_rgb8(
        p->rgb + (gsize)(i * p->width * p->height * p->bytes), p->width, p->height, 3);
    sg_renderer_score(renderer, image, NULL, 1, logits + i, &error);
    g_assert_no_error(error);
  }
  *score = *logit = 0;
  for (int i = 0; i < 32; i++) {
    *score += 1 / (1 + exp(-logits[i])) / 32;
    *logit += logits[i] / 32;
  }
}

static double
shown_score(Fixture *f, const char *name)
{
  double value = NAN;
  g_auto(GStrv) parts = g_strsplit(text(f, name), " ± ", 2);
  g_assert_nonnull(parts[0]);
  g_autoptr(GString) number = g_string_new(parts[0]);
  g_string_replace(number, "−", "-", 0);
  value = g_strtod(number->str, NULL);
  return value;
}

static void
test_dial(void)
{
  Fixture f;
  double score, logit;
  open_small(&f);
  g_autofree char *original = fixture_screen_hash(&f);
  guint64 all = count(&f, 0, NULL);
  g_assert_cmpuint(shown_count(&f, "prune-remaining"), ==, all);
  g_assert_cmpstr(text(&f, "prune-sigmoid"), ==, text(&f, "prune-sigmoid-original"));

  turn(&f, 0.437);
  g_assert_cmpfloat(fixture_recipe(&f)->prune.threshold, ==, 0.437);
  g_assert_cmpstr(text(&f, "prune-sigmoid"), ==, "…"); /* at once: the old number is gone */
  g_assert_cmpuint(shown_count(&f, "prune-remaining"), ==, count(&f, 0.437, NULL));
  g_assert_cmpuint(shown_count(&f, "prune-removed"), ==, all - count(&f, 0.437, NULL));
  fixture_settle(&f);
  g_autofree char *pruned = fixture_screen_hash(&f);
  g_assert_cmpstr(pruned, !=, original);
  fixture_wait(&f, scored, NULL, 30);
  score_here(&f, 0.437, &score, &logit);
  g_assert_cmpfloat_with_epsilon(shown_score(&f, "prune-sigmoid"), score, 6e-4);
  g_assert_cmpfloat_with_epsilon(shown_score(&f, "prune-logit"), logit, 6e-4);
  score_here(&f, 0, &score, &logit);
  g_assert_cmpfloat_with_epsilon(shown_score(&f, "prune-sigmoid-original"), score, 6e-4);
  g_assert_cmpfloat_with_epsilon(shown_score(&f, "prune-logit-original"), logit, 6e-4);

  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_assert_cmpfloat(gtk_range_get_value(GTK_RANGE(fixture_part(&f, "prune-dial"))), ==, 0);
  vitrine_editor_redo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_assert_cmpuint(shown_count(&f, "prune-remaining"), ==, count(&f, 0.437, NULL));
  click(&f, "prune-reset");
  fixture_settle(&f);
  g_autofree char *back = fixture_screen_hash(&f);
  g_assert_cmpstr(back, ==, original);
  g_assert_false(sg_recipe_is_modified(fixture_recipe(&f)));
  fixture_close(&f);
}

/* Of many positions in a row the score that is left belongs to the last. */
static void
test_stale(void)
{
  Fixture f;
  double score, logit;
  open_small(&f);
  for (int i = 1; i <= 30; i++) {
    turn(&f, i / 100.0);
    fixture_run_for(0.02 * (i % 7));
    const char *now = text(&f, "prune-sigmoid");
    if (g_strcmp0(now, "…") == 0)
      continue;
    score_here(&f, i / 100.0, &score, &logit);
    g_assert_cmpfloat_with_epsilon(shown_score(&f, "prune-sigmoid"), score, 6e-4);
  }
  fixture_wait(&f, scored, NULL, 30);
  fixture_run_for(0.5);
  score_here(&f, 0.3, &score, &logit);
  g_assert_cmpfloat_with_epsilon(shown_score(&f, "prune-sigmoid"), score, 6e-4);
  fixture_close(&f);
}

static gboolean
key(GtkWidget *widget, guint keyval, GdkModifierType state)
{
  g_autoptr(GListModel) all = gtk_widget_observe_controllers(widget);
  gboolean used = FALSE;
  for (guint i = 0; i < g_list_model_get_n_items(all) && !used; i++) {
    g_autoptr(GtkEventController) one = g_list_model_get_item(all, i);
    if (GTK_IS_EVENT_CONTROLLER_KEY(one))
      g_signal_emit_by_name(one, "key-pressed", keyval, 0u, state, &used);
  }
  return used;
}

static void
test_keys(void)
{
  Fixture f;
  open_pane(&f, FALSE);
  GtkWidget *dial = fixture_part(&f, "prune-dial");
  g_assert_true(gtk_widget_get_focusable(dial));
  g_assert_true(key(dial, GDK_KEY_Page_Up, 0));
  g_assert_true(key(dial, GDK_KEY_Right, GDK_CONTROL_MASK));
  g_assert_true(key(dial, GDK_KEY_Right, 0));
  g_assert_cmpfloat(fixture_recipe(&f)->prune.threshold, ==, 0.111);
  g_assert_true(key(dial, GDK_KEY_Left, 0));
  g_assert_true(key(dial, GDK_KEY_Left, GDK_CONTROL_MASK));
  g_assert_cmpfloat(fixture_recipe(&f)->prune.threshold, ==, 0.1);
  g_assert_true(key(dial, GDK_KEY_Page_Down, 0));
  g_assert_true(key(dial, GDK_KEY_Page_Down, 0));
  g_assert_cmpfloat(fixture_recipe(&f)->prune.threshold, ==, 0);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_part(&f, "prune-threshold-spin")), 0.25);
  g_assert_cmpfloat(fixture_recipe(&f)->prune.threshold, ==, 0.25);
  g_assert_true(key(dial, GDK_KEY_Delete, 0));
  g_assert_cmpfloat(fixture_recipe(&f)->prune.threshold, ==, 0);
  fixture_close(&f);
}

static void
toggle(Fixture *f, const char *name, gboolean on)
{
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(fixture_part(f, name)), on);
}

static void
test_layers(void)
{
  Fixture f;
  open_pane(&f, FALSE);
  gtk_expander_set_expanded(GTK_EXPANDER(fixture_part(&f, "prune-layers-expander")), TRUE);
  fixture_run_for(0.3);
  turn(&f, 0.5);
  toggle(&f, "prune-exclude-mapping", TRUE);
  g_assert_cmpuint(shown_count(&f, "prune-remaining"), ==, count(&f, 0.5, "mapping."));
  toggle(&f, "prune-exclude-mapping", FALSE);
  toggle(&f, "prune-exclude-affine", TRUE);
  g_assert_cmpuint(shown_count(&f, "prune-remaining"), ==, count(&f, 0.5, "affine."));
  toggle(&f, "prune-exclude-affine", FALSE);
  g_assert_null(fixture_recipe(&f)->prune.layers);

  /* A threshold of its own, and the layer's own count. */
  gtk_spin_button_set_value(
      GTK_SPIN_BUTTON(fixture_part(&f, "prune-spin-synthesis.b4.conv1.weight")), 0.9);
  g_assert_cmpfloat(
      sg_prune_layer_threshold(&fixture_recipe(&f)->prune, "synthesis.b4.conv1.weight"), ==, 0.9);
  const SgTensor *t = g_hash_table_lookup(vitrine_session_get_model(f.session)->tensors,
                                          "G_ema.synthesis.b4.conv1.weight");
  guint64 left = 0;
  for (gsize i = 0; i < t->numel; i++)
    left += fabs((double)t->data[i]) >= 0.9;
  g_auto(GStrv) shown = g_strsplit(text(&f, "prune-count-synthesis.b4.conv1.weight"), " / ", 2);
  g_assert_cmpuint(g_ascii_strtoull(shown[0], NULL, 10), ==, left);
  toggle(&f, "prune-exclude-synthesis.b4.conv1.weight", TRUE);
  g_assert_cmpuint(shown_count(&f, "prune-remaining"), ==, count(&f, 0.5, "b4.conv1.weight"));
  click(&f, "prune-follow-synthesis.b4.conv1.weight");
  g_assert_cmpuint(shown_count(&f, "prune-remaining"), ==, count(&f, 0.5, NULL));

  /* Effective magnitudes are smaller: fewer weights remain. */
  toggle(&f, "prune-effective", TRUE);
  g_assert_cmpint(fixture_recipe(&f)->prune.magnitude, ==, SG_MAGNITUDE_EFFECTIVE);
  g_assert_cmpuint(shown_count(&f, "prune-remaining"), <, count(&f, 0.5, NULL) / 2);
  click(&f, "prune-reset");
  g_assert_true(gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(fixture_part(&f, "prune-stored"))));
  g_assert_false(sg_recipe_is_modified(fixture_recipe(&f)));
  fixture_close(&f);
}

static int
measured(Fixture *f)
{
  GtkProgressBar *bar = GTK_PROGRESS_BAR(fixture_part(f, "prune-sweep-progress"));
  return (int)lrint(gtk_progress_bar_get_fraction(bar) * VITRINE_SWEEP_STEPS);
}

static gboolean
has_measured(Fixture *f, gpointer data)
{
  return measured(f) >= GPOINTER_TO_INT(data);
}

/* The table that the pane exports is the command's, row for row. The sweep begins with every
 * hundredth threshold: those are compared once they are scored. */
static void
test_table(void)
{
  Fixture f;
  g_autofree char *dir = fixture_path("sweep"), *pane = NULL, *command = NULL;
  g_autofree char *ours = fixture_path("pane.csv"),
                  *theirs = g_build_filename(dir, "prune.csv", NULL);
  g_autofree char *outdir = g_strconcat("--outdir=", dir, NULL);
  g_autoptr(GError) error = NULL;
  int status;

  open_small(&f);
  g_autofree char *network =
      g_strconcat("--network=", vitrine_session_get_model(f.session)->path, NULL);
  char *argv[] = {
      (char *)g_getenv("VITRINE_PROGRAM"), "prune", network, "--step=0.1", outdir, NULL};
  fixture_wait(&f, has_measured, GINT_TO_POINTER(11), 60);
  click(&f, "prune-sweep-button");
  GtkWidget *sweep = gtk_widget_get_parent(fixture_part(&f, "prune-plot"));
  g_assert_true(vitrine_pruning_sweep_export(VITRINE_PRUNING_SWEEP(sweep), ours, &error));
  g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status,
               &error);
  g_assert_no_error(error);
  g_assert_cmpint(status, ==, 0);
  g_assert_true(g_file_get_contents(ours, &pane, NULL, &error));
  g_assert_true(g_file_get_contents(theirs, &command, NULL, &error));
  g_auto(GStrv) a = g_strsplit(pane, "\n", 0);
  g_auto(GStrv) b = g_strsplit(command, "\n", 0);
  g_assert_cmpuint(g_strv_length(b), ==, 1 + 11 + 1);
  g_assert_cmpstr(a[0], ==, b[0]);
  for (int i = 0; i <= 10; i++)
    g_assert_cmpstr(a[1 + 100 * i], ==, b[1 + i]);
  fixture_close(&f);
}

static void
test_sweep(void)
{
  Fixture f;
  double score, logit;
  open_small(&f);
  fixture_wait(&f, has_measured, GINT_TO_POINTER(5), 60);
  VitrinePlot *plot = VITRINE_PLOT(fixture_part(&f, "prune-plot"));
  g_autofree char *said = vitrine_plot_describe(plot, 0.2);
  score_here(&f, 0.2, &score, &logit);
  g_autofree char *wanted = g_strdup_printf("score (mean sigmoid) %.3f", score);
  g_assert_nonnull(strstr(said, "threshold 0.200: "));
  g_assert_nonnull(strstr(said, wanted));
  g_autofree char *share =
      g_strdup_printf("remaining %.3f", (double)count(&f, 0.2, NULL) / (double)count(&f, 0, NULL));
  g_assert_nonnull(strstr(said, share));

  click(&f, "prune-sweep-button");
  int there = measured(&f);
  fixture_run_for(1);
  g_assert_cmpint(measured(&f), ==, there);
  g_assert_cmpint(there, <, VITRINE_SWEEP_STEPS);
  click(&f, "prune-sweep-button");
  fixture_wait(&f, has_measured, GINT_TO_POINTER(there + 2), 60);

  /* The table: all thresholds counted, those that were measured scored. */
  g_autofree char *path = fixture_path("prune.csv"), *csv = NULL;
  g_autoptr(GError) error = NULL;
  GtkWidget *sweep = gtk_widget_get_parent(GTK_WIDGET(plot));
  g_assert_true(vitrine_pruning_sweep_export(VITRINE_PRUNING_SWEEP(sweep), path, &error));
  g_assert_true(g_file_get_contents(path, &csv, NULL, &error));
  g_auto(GStrv) lines = g_strsplit(csv, "\n", 0);
  g_assert_cmpuint(g_strv_length(lines), ==, VITRINE_SWEEP_STEPS + 2);
  g_assert_cmpstr(lines[0], ==,
                  "threshold,remaining,removed,score_mean,score_std,logit_mean,logit_std");
  g_auto(GStrv) cells = g_strsplit(lines[201], ",", 0);
  g_assert_cmpstr(cells[0], ==, "0.2");
  g_assert_cmpuint(g_ascii_strtoull(cells[1], NULL, 10), ==, count(&f, 0.2, NULL));
  score_here(&f, 0.2, &score, &logit);
  g_assert_cmpfloat_with_epsilon(g_ascii_strtod(cells[3], NULL), score, 1e-6);
  g_assert_cmpfloat_with_epsilon(g_ascii_strtod(cells[5], NULL), logit, 1e-5);
  g_autofree char *svg = fixture_path("prune.svg");
  g_assert_true(vitrine_pruning_sweep_export(VITRINE_PRUNING_SWEEP(sweep), svg, &error));
  g_assert_true(g_file_test(svg, G_FILE_TEST_EXISTS));
  g_assert_false(
      vitrine_pruning_sweep_export(VITRINE_PRUNING_SWEEP(sweep), "/nowhere/at/all.csv", &error));

  /* A click goes there. */
  g_signal_emit_by_name(plot, "clicked", 0.3124);
  g_assert_cmpfloat(fixture_recipe(&f)->prune.threshold, ==, 0.312);
  /* What it depends on changed: it begins anew. */
  fixture_wait(&f, has_measured, GINT_TO_POINTER(there + 2), 60);
  gtk_expander_set_expanded(GTK_EXPANDER(fixture_part(&f, "prune-layers-expander")), TRUE);
  toggle(&f, "prune-effective", TRUE);
  g_assert_cmpint(measured(&f), ==, 0);
  fixture_wait(&f, has_measured, GINT_TO_POINTER(1), 60);
  fixture_close(&f);
}

static void
test_order(void)
{
  int order[VITRINE_SWEEP_STEPS];
  gboolean seen[VITRINE_SWEEP_STEPS] = {FALSE};
  vitrine_pruning_sweep_order(order);
  for (int i = 0; i < VITRINE_SWEEP_STEPS; i++) {
    g_assert_cmpint(order[i], >=, 0);
    g_assert_cmpint(order[i], <, VITRINE_SWEEP_STEPS);
    g_assert_false(seen[order[i]]);
    seen[order[i]] = TRUE;
  }
  g_assert_cmpint(order[1], ==, 100);
}

static void
test_faces(void)
{
  Fixture f;
  open_pane(&f, TRUE);
  gtk_expander_set_expanded(GTK_EXPANDER(fixture_part(&f, "prune-faces-expander")), TRUE);
  fixture_run_for(0.3);
  for (int i = 0; i < 32; i++) {
    g_autofree char *name = g_strdup_printf("prune-face-%d", i);
    GtkWidget *picture = gtk_button_get_child(GTK_BUTTON(fixture_part(&f, name)));
    g_assert_nonnull(gtk_picture_get_paintable(GTK_PICTURE(picture)));
  }
  click(&f, "prune-face-7");
  fixture_settle(&f);
  g_assert_cmpuint(fixture_recipe(&f)->seed, ==, 7);
  /* The small picture of seed 7 is what the canvas shows. */
  GtkWidget *picture = gtk_button_get_child(GTK_BUTTON(fixture_part(&f, "prune-face-7")));
  GdkTexture *small = GDK_TEXTURE(gtk_picture_get_paintable(GTK_PICTURE(picture)));
  GdkTexture *large = vitrine_view_get_texture(vitrine_session_get_view(f.session));
  gsize stride = (gsize)gdk_texture_get_width(small) * 4;
  gsize size = stride * (gsize)gdk_texture_get_height(small);
  g_assert_cmpint(gdk_texture_get_width(small), ==, gdk_texture_get_width(large));
  g_autofree guint8 *a = g_malloc(size), *b = g_malloc(size);
  gdk_texture_download(small, a, stride);
  gdk_texture_download(large, b, stride);
  for (gsize i = 0; i < size; i++)
    g_assert_cmpint(ABS(a[i] - b[i]), <=, 1);
  fixture_close(&f);
}

static GtkWidget *
saved_dialog(void)
{
  g_autoptr(GListModel) windows = g_object_ref(gtk_window_get_toplevels());
  for (guint i = 0; i < g_list_model_get_n_items(windows); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(windows, i);
    GtkWidget *found = fixture_find(window, "prune-saved");
    if (found)
      return found;
  }
  return NULL;
}

static gboolean
told(Fixture *f, gpointer data)
{
  return saved_dialog() != NULL;
}

/* The file opens and has as many zeros as the pane said. */
static void
test_save(void)
{
  Fixture f;
  g_autoptr(GError) error = NULL;
  open_pane(&f, FALSE);
  turn(&f, 0.5);
  guint64 removed = shown_count(&f, "prune-removed"), zeros = 0;
  g_autofree char *path = fixture_path("pruned.safetensors");
  g_autoptr(GFile) file = g_file_new_for_path(path);
  GtkWidget *button = fixture_part(&f, "prune-save");
  vitrine_pruning_save_to(f.session, button, file);
  g_assert_false(gtk_widget_get_sensitive(button));
  fixture_wait(&f, told, NULL, 60);
  g_assert_true(gtk_widget_get_sensitive(button));
  vitrine_dialogs_close(saved_dialog());
  g_autoptr(SgModel) model = sg_model_load(path, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < model->names->len; i++) {
    const char *name = model->names->pdata[i];
    const SgTensor *t = g_hash_table_lookup(model->tensors, name);
    if (g_str_has_prefix(name, "G_ema.") && g_str_has_suffix(name, ".weight"))
      for (gsize k = 0; k < t->numel; k++)
        zeros += t->data[k] == 0;
  }
  g_assert_cmpuint(zeros, ==, removed);
  g_assert_cmpuint(zeros, >, 1000);
  fixture_close(&f);
}

/* Without a discriminator the rest works, and the pane says what is missing. */
static void
test_no_discriminator(void)
{
  Fixture f;
  g_autoptr(GError) error = NULL;
  g_autofree char *with = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2.safetensors", NULL);
  g_autofree char *path = fixture_path("no-d.safetensors");
  g_autoptr(SgModel) model = sg_model_load(with, &error);
  g_assert_no_error(error);
  SgModelInfo info = model->info;
  info.has_d = FALSE;
  g_autoptr(SgModel) alone = sg_model_new(path, &info);
  for (guint i = 0; i < model->names->len; i++) {
    const char *name = model->names->pdata[i];
    if (!g_str_has_prefix(name, "D."))
      sg_model_take(alone, "", name, sg_tensor_ref(g_hash_table_lookup(model->tensors, name)));
  }
  sg_model_save(alone, path, &error);
  g_assert_no_error(error);
  fixture_forget_state();
  fixture_open(&f, path);
  g_assert_false(vitrine_session_get_model(f.session)->info.has_d);
  vitrine_side_show(find_side(GTK_WIDGET(f.window)), "pruning");
  fixture_wait(&f, counted, NULL, 30);
  g_assert_true(gtk_widget_get_mapped(fixture_part(&f, "prune-score-message")));
  g_assert_false(gtk_widget_get_visible(fixture_part(&f, "prune-sweep-button")));
  guint64 before = shown_count(&f, "prune-remaining");
  turn(&f, 0.5);
  g_assert_cmpuint(shown_count(&f, "prune-remaining"), <, before);
  fixture_settle(&f);
  fixture_close(&f);
}

/* Six pictures in `dir`; what the discriminator says of their bytes, one at a time. */
static double
make_pictures(SgModel *model, const char *dir)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRenderer) renderer = sg_renderer_new(model, NULL, &error);
  g_autoptr(SgRecipe) r = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  int size = model->info.img_resolution;
  gint64 shape[4] = {6, 3, size, size};
  g_autoptr(SgTensor) all = sg_tensor_new(4, shape);
  gsize face = all->numel / 6;
  double logits[6], score = 0;

  r->faces = 6;
  r->seed = 70;
  g_autoptr(SgPicture) p = sg_renderer_render(renderer, r, 0, &error);
  g_assert_no_error(error);
  for (int i = 0; i < 6; i++) {
    g_autofree char *name = g_strdup_printf("%d.png", i);
    g_autofree char *path = g_build_filename(dir, name, NULL);
    const guint8 *rgb = p->rgb + (gsize)i * face;
    sg_png_write(path, rgb, size, size, NULL, &error);
    g_assert_no_error(error);
    for (gsize k = 0; k < face; k++)
      all->data[(gsize)i * face + k] = (float)rgb[k % (face / 3) * 3 + k / (face / 3)] / 127.5f - 1;
  }
  g_assert_cmpint(model->info.mbstd_group_size, ==, 4);
  sg_renderer_score(renderer, all, NULL, 1, logits, &error);
  g_assert_no_error(error);
  for (int i = 0; i < 6; i++)
    score += 1 / (1 + exp(-logits[i])) / 6;
  return score;
}

static gboolean
real_says(Fixture *f, gpointer what)
{
  return strstr(text(f, "prune-real"), what) != NULL;
}

static void
message_cb(VitrineSession *session, const char *message, gboolean is_error, char **last)
{
  g_free(*last);
  *last = g_strdup(message);
}

/* The data set that a snapshot's training names is scored without being asked for. */
static void
test_real(void)
{
  Fixture f;
  g_autoptr(GError) error = NULL;
  g_autofree char *message = NULL, *dir = fixture_path("real"), *contents = NULL;
  g_autofree char *snapshot = fixture_path("network-snapshot-000001.safetensors");
  g_autofree char *options = fixture_path("training_options.json");
  g_autofree char *json = g_strdup_printf("{\"data\": \"%s\"}", dir);
  gsize length;

  g_assert_cmpint(g_mkdir_with_parents(dir, 0777), ==, 0);
  open_pane(&f, FALSE);
  SgModel *model = vitrine_session_get_model(f.session);
  double score = make_pictures(model, dir);
  fixture_wait(&f, real_says, "no data set", 30);
  g_file_get_contents(model->path, &contents, &length, &error);
  g_assert_no_error(error);
  g_file_set_contents(snapshot, contents, (gssize)length, &error);
  g_assert_no_error(error);
  g_file_set_contents(options, json, -1, &error);
  g_assert_no_error(error);
  fixture_close(&f);

  fixture_forget_state();
  fixture_open(&f, snapshot);
  vitrine_side_show(find_side(GTK_WIDGET(f.window)), "pruning");
  fixture_wait(&f, real_says, "6 pictures", 30);
  g_autofree char *says = g_strdup_printf("sigmoid %.3f", score);
  g_assert_nonnull(strstr(text(&f, "prune-real"), says));
  g_autofree char *there = vitrine_plot_describe(VITRINE_PLOT(fixture_part(&f, "prune-plot")), 0.5);
  g_assert_nonnull(strstr(there, "real images"));

  GtkWidget *reals = gtk_widget_get_parent(fixture_part(&f, "prune-real"));
  g_autoptr(GFile) nowhere = g_file_new_for_path("/no/where");
  g_signal_connect(f.session, "message", G_CALLBACK(message_cb), &message);
  vitrine_pruning_reals_choose(VITRINE_PRUNING_REALS(reals), nowhere);
  fixture_wait(&f, real_says, "not scored", 30);
  g_assert_nonnull(strstr(message, "/no/where"));
  g_autoptr(GFile) folder = g_file_new_for_path(dir);
  vitrine_pruning_reals_choose(VITRINE_PRUNING_REALS(reals), folder);
  fixture_wait(&f, real_says, says, 30);
  fixture_close(&f);
  g_remove(options);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/pruning/order", test_order);
  g_test_add_func("/pruning/dial", test_dial);
  g_test_add_func("/pruning/stale", test_stale);
  g_test_add_func("/pruning/keys", test_keys);
  g_test_add_func("/pruning/layers", test_layers);
  g_test_add_func("/pruning/sweep", test_sweep);
  g_test_add_func("/pruning/table", test_table);
  g_test_add_func("/pruning/faces", test_faces);
  g_test_add_func("/pruning/real", test_real);
  g_test_add_func("/pruning/save", test_save);
  g_test_add_func("/pruning/no-discriminator", test_no_discriminator);
  return g_test_run();
}
