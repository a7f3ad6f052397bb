/* The Weights pane in the real window: its numbers against plain sums over the model's tensors. */
#include <math.h>
#include <string.h>
#include "tests/support/random-model.h"
#include "tests/support/window-fixture.h"
#include "ui/charts/vitrine-plot.h"
#include "ui/shell/vitrine-side.h"
#include "ui/weights/vitrine-weights-pane.h"
#include "ui/shell/vitrine-window-private.h"

#define LAYER "G_ema.synthesis.b8.conv0.weight"

static const char *
text(Fixture *f, const char *name)
{
  return gtk_label_get_text(GTK_LABEL(fixture_part(f, name)));
}

static VitrineWeightsPane *
open_pane(Fixture *f)
{
  fixture_forget_state();
  fixture_open(f, NULL);
  vitrine_side_show(VITRINE_SIDE(f->window->pane), "weights");
  return VITRINE_WEIGHTS_PANE(vitrine_side_get_pane(VITRINE_SIDE(f->window->pane), "weights"));
}

static gboolean
settled(Fixture *f, gpointer data)
{
  return strcmp(text(f, "weights-count"), "…") != 0 &&
         !strstr(text(f, "weights-threshold"), "counting");
}

static void
wait_settled(Fixture *f)
{
  fixture_run_for(0.1);
  fixture_wait(f, settled, NULL, 30);
}

static void
select_layer(Fixture *f, VitrineWeightsPane *pane, const char *path)
{
  g_assert_true(vitrine_weights_pane_select(pane, path));
  wait_settled(f);
  g_assert_cmpstr(text(f, "weights-name"), ==, path);
}

static SgTensor *
tensor(Fixture *f, const char *name)
{
  return sg_model_tensor(vitrine_session_get_model(f->session), "", name);
}

/* A label's number, without the locale's grouping. */
static double
number(Fixture *f, const char *name)
{
  GString *digits = g_string_new(NULL);
  for (const char *p = text(f, name); *p; p++)
    if (strchr("+-.e0123456789", *p))
      g_string_append_c(digits, *p);
  double v = g_ascii_strtod(digits->str, NULL);
  g_string_free(digits, TRUE);
  return v;
}

static void
check_numbers(Fixture *f, const char *name, double scale)
{
  SgTensor *t = tensor(f, name);
  double sum = 0, squares = 0, low = INFINITY, high = -INFINITY, n = (double)t->numel;

  for (gsize i = 0; i < t->numel; i++) {
    double v = t->data[i] * scale;
    sum += v;
    squares += v * v;
    low = fmin(low, v);
    high = fmax(high, v);
  }
  double mean = sum / n, std = sqrt(squares / n - mean * mean);
  g_assert_cmpfloat(number(f, "weights-count"), ==, n);
  g_assert_cmpfloat(number(f, "weights-zeros"), ==, 0);
  g_assert_cmpfloat_with_epsilon(number(f, "weights-min"), low, 1e-4 * fabs(low));
  g_assert_cmpfloat_with_epsilon(number(f, "weights-max"), high, 1e-4 * high);
  g_assert_cmpfloat_with_epsilon(number(f, "weights-mean"), mean, 1e-4 * fabs(mean) + 1e-12);
  g_assert_cmpfloat_with_epsilon(number(f, "weights-std"), std, 1e-4 * std);
}

static void
test_numbers(void)
{
  Fixture f;
  VitrineWeightsPane *pane = open_pane(&f);

  select_layer(&f, pane, LAYER);
  check_numbers(&f, LAYER, 1);
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(fixture_part(&f, "weights-effective")), TRUE);
  wait_settled(&f);
  check_numbers(&f, LAYER, 1 / sqrt(128 * 9)); /* fan-in: 128 channels, 3×3 */
  select_layer(&f, pane, "G_ema.mapping.fc0.weight");
  check_numbers(&f, "G_ema.mapping.fc0.weight", 0.01 / sqrt(512));
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(fixture_part(&f, "weights-stored")), TRUE);
  select_layer(&f, pane, "D.b4.fc.weight");
  check_numbers(&f, "D.b4.fc.weight", 1);
  select_layer(&f, pane, "G_ema");
  g_autoptr(GArray) layers = sg_weight_layers(vitrine_session_get_model(f.session));
  double all = 0;
  for (guint i = 0; i < layers->len; i++)
    all += (double)g_array_index(layers, SgWeightLayer, i).tensor->numel;
  g_assert_cmpfloat(number(&f, "weights-count"), ==, all);
  fixture_close(&f);
}

static void
apply_threshold(Fixture *f, double t)
{
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(f->session));
  recipe->prune.threshold = t;
  vitrine_session_apply(f->session, recipe, "Threshold", NULL);
  wait_settled(f);
}

static void
test_threshold(void)
{
  Fixture f;
  VitrineWeightsPane *pane = open_pane(&f);
  SgTensor *t = tensor(&f, LAYER);
  int removed = 0;

  select_layer(&f, pane, LAYER);
  g_assert_nonnull(strstr(text(&f, "weights-threshold"), "No pruning"));
  apply_threshold(&f, 0.5);
  for (gsize i = 0; i < t->numel; i++)
    removed += fabs((double)t->data[i]) < 0.5;
  g_autofree char *wanted = g_strdup_printf("±0.5: %'d of %'d removed", removed, (int)t->numel);
  g_assert_nonnull(strstr(text(&f, "weights-threshold"), wanted));
  /* Drawn: the readout at its place names it. */
  g_autofree char *readout =
      vitrine_plot_describe(VITRINE_PLOT(fixture_part(&f, "weights-plot")), 0.5);
  g_assert_nonnull(strstr(readout, "Threshold"));
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  wait_settled(&f);
  g_assert_nonnull(strstr(text(&f, "weights-threshold"), "No pruning"));
  fixture_close(&f);
}

static guint
lines(Fixture *f)
{
  GtkSelectionModel *model =
      gtk_list_view_get_model(GTK_LIST_VIEW(fixture_part(f, "weights-list")));
  return g_list_model_get_n_items(G_LIST_MODEL(model));
}

static gboolean
has_lines(Fixture *f, gpointer wanted)
{
  return lines(f) == *(guint *)wanted;
}

/* More of them if what was found is within a line that was closed. */
static gboolean
has_lines_again(Fixture *f, gpointer before)
{
  return lines(f) >= *(guint *)before;
}

/* The list follows a moment after what is typed. */
static void
search(Fixture *f, const char *text, guint wanted)
{
  gtk_editable_set_text(GTK_EDITABLE(fixture_part(f, "weights-search")), text);
  fixture_wait(f, has_lines, &wanted, 30);
}

/* By keyboard's own ways: text into the entry, the list's selection, the switch activated. */
static void
test_search(void)
{
  Fixture f;
  open_pane(&f);
  wait_settled(&f);
  guint before = lines(&f);
  search(&f, "B8.conv0.weight", 2); /* G's and D's */
  wait_settled(&f);
  g_assert_cmpstr(text(&f, "weights-name"), ==, LAYER);
  search(&f, "no such layer", 0);
  gtk_editable_set_text(GTK_EDITABLE(fixture_part(&f, "weights-search")), "");
  fixture_wait(&f, has_lines_again, &before, 30);
  g_assert_true(gtk_widget_grab_focus(fixture_part(&f, "weights-list")));
  g_assert_true(gtk_widget_grab_focus(fixture_part(&f, "weights-unequalised")));
  fixture_close(&f);
}

static gboolean
exists(Fixture *f, gpointer path)
{
  return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void
test_export(void)
{
  Fixture f;
  VitrineWeightsPane *pane = open_pane(&f);
  g_autofree char *path = fixture_path("weights.csv");
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autofree char *csv = NULL;

  vitrine_weights_pane_export(pane, file);
  fixture_wait(&f, exists, path, 20);
  fixture_run_for(0.3);
  g_assert_true(g_file_get_contents(path, &csv, NULL, NULL));
  g_assert_true(g_str_has_prefix(csv, "tensor,shape,count,"));
  g_assert_nonnull(strstr(csv, "\n" LAYER ",128x128x3x3,147456,0,0,"));
  g_auto(GStrv) rows = g_strsplit(csv, "\n", -1);
  g_assert_cmpuint(g_strv_length(rows), ==, vitrine_session_get_model(f.session)->names->len + 2);

  /* The command says the same of the file, row for row. */
  g_autofree char *theirs = fixture_path("inspect.csv"), *text = NULL;
  g_autofree char *out = g_strconcat("--csv=", theirs, NULL);
  char *argv[] = {(char *)g_getenv("VITRINE_PROGRAM"),        "inspect", out, "--histogram=64",
                  vitrine_session_get_model(f.session)->path, NULL};
  g_autoptr(GError) error = NULL;
  int status;
  g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status,
               &error);
  g_assert_no_error(error);
  g_assert_cmpint(status, ==, 0);
  g_assert_true(g_file_get_contents(theirs, &text, NULL, &error));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), ==, g_strv_length(rows));
  for (guint i = 0; lines[i]; i++)
    g_assert_cmpstr(rows[i], ==, lines[i]);
  fixture_close(&f);
}

static char *
picture_hash(Fixture *f)
{
  GdkTexture *texture = vitrine_view_get_texture(vitrine_session_get_view(f->session));
  gsize stride = (gsize)gdk_texture_get_width(texture) * 4;
  gsize size = stride * (gsize)gdk_texture_get_height(texture);
  g_autofree guint8 *pixels = g_malloc(size);

  gdk_texture_download(texture, pixels, stride);
  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, pixels, size);
}

static void
test_unequalised(void)
{
  Fixture f;
  open_pane(&f);
  g_autofree char *before = picture_hash(&f);
  GtkWidget *tag = fixture_part(&f, "tag-unequalised");

  g_assert_false(gtk_widget_get_visible(tag));
  gtk_switch_set_active(GTK_SWITCH(fixture_part(&f, "weights-unequalised")), TRUE);
  fixture_settle(&f);
  g_autofree char *wrong = picture_hash(&f);
  g_assert_cmpstr(wrong, !=, before);
  g_assert_true(gtk_widget_get_visible(tag));
  g_assert_true(vitrine_session_get_recipe(f.session)->prune.unequalised);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_autofree char *after = picture_hash(&f);
  g_assert_cmpstr(after, ==, before);
  g_assert_false(gtk_widget_get_visible(tag));
  g_assert_false(gtk_switch_get_active(GTK_SWITCH(fixture_part(&f, "weights-unequalised"))));
  fixture_close(&f);
}

static gboolean
has_logit(Fixture *f, gpointer data)
{
  return strstr(gtk_label_get_text(GTK_LABEL(fixture_part(f, "prune-logit"))), "±") != NULL;
}

/* Eight mapping layers with a multiplier of 0.01: each is 100 · sqrt (512) times too strong without
 * its scale, w some 1e27, whose square is more than float holds. */
static void
test_overflow(void)
{
  Fixture f;
  g_autoptr(GError) error = NULL;
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  g_autofree char *path = fixture_path("eight.safetensors");

  spec.resolution = 16;
  spec.mapping_layers = 8;
  g_autoptr(SgModel) model = random_model_new(&spec, &error);
  g_assert_no_error(error);
  sg_model_save(model, path, &error);
  g_assert_no_error(error);
  fixture_forget_state();
  fixture_open(&f, path);
  fixture_settle(&f);
  GtkWidget *tag = fixture_part(&f, "tag-unequalised");
  g_assert_false(gtk_widget_get_visible(tag));
  SgRecipe *r = sg_recipe_copy(vitrine_session_get_recipe(f.session));
  r->prune.unequalised = TRUE;
  vitrine_session_apply(f.session, r, "Off", NULL);
  fixture_settle(&f);
  g_assert_true(vitrine_view_get_overflow(vitrine_session_get_view(f.session)));
  g_assert_true(gtk_widget_get_visible(tag));
  g_assert_nonnull(strstr(gtk_label_get_text(GTK_LABEL(tag)), "overflow"));

  /* Farther still w itself is not finite; every pane looks at it. */
  r = sg_recipe_copy(vitrine_session_get_recipe(f.session));
  r->scale_space = SG_SPACE_Z;
  r->scale = 1e14;
  vitrine_session_apply(f.session, r, "Far", NULL);
  fixture_settle(&f);
  static const char *const panes[] = {"weights", "layers", "latent", "mixing", "pruning"};
  for (gsize i = 0; i < G_N_ELEMENTS(panes); i++) {
    gtk_widget_activate_action(GTK_WIDGET(f.window), "win.show-pane", "s", panes[i]);
    fixture_run_for(0.4);
  }
  fixture_wait(&f, has_logit, NULL, 60); /* some 1e28, and yet it fits the pane */
  g_assert_cmpint(g_utf8_strlen(gtk_label_get_text(GTK_LABEL(fixture_part(&f, "prune-logit"))), -1),
                  <, 20);
  vitrine_editor_set_space(vitrine_session_get_editor(f.session), SG_SPACE_W);
  gtk_widget_activate_action(GTK_WIDGET(f.window), "win.show-pane", "s", "latent");
  fixture_run_for(0.3);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_assert_false(gtk_widget_get_visible(tag));
  fixture_close(&f);
}

static gboolean
is_other(Fixture *f, gpointer before)
{
  return (gpointer)vitrine_session_get_model(f->session) != before;
}

static void
test_model(void)
{
  Fixture f;
  open_pane(&f);
  wait_settled(&f);
  g_autofree char *path = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2_ada_p3.pkl", NULL);
  g_autoptr(GFile) file = g_file_new_for_path(path);
  double before = number(&f, "weights-count"), all = 0;

  vitrine_opener_open(vitrine_session_get_opener(f.session), file);
  fixture_wait(&f, is_other, vitrine_session_get_model(f.session), 30);
  fixture_settle(&f);
  wait_settled(&f);
  g_autoptr(GArray) layers = sg_weight_layers(vitrine_session_get_model(f.session));
  for (guint i = 0; i < layers->len; i++)
    all += (double)g_array_index(layers, SgWeightLayer, i).tensor->numel;
  g_assert_cmpfloat(number(&f, "weights-count"), ==, all);
  g_assert_cmpfloat(all, !=, before);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/weights/numbers", test_numbers);
  g_test_add_func("/weights/threshold", test_threshold);
  g_test_add_func("/weights/search", test_search);
  g_test_add_func("/weights/export", test_export);
  g_test_add_func("/weights/unequalised", test_unequalised);
  g_test_add_func("/weights/overflow", test_overflow);
  g_test_add_func("/weights/model", test_model);
  return g_test_run();
}
