/* The latent pane in the real window, through its widgets: every edit ends in the recipe, every
 * change of the recipe shows. */
#include "engine/models/class-names.h"
#include "tests/support/random-model.h"
#include "tests/support/window-fixture.h"
#include <math.h>
#include <string.h>
#include "ui/latent/vitrine-latent-pane.h"
#include "ui/parts/vitrine-number.h"

static GtkWidget *
dimension_part(Fixture *f, const char *kind, int dim)
{
  g_autofree char *name = g_strdup_printf("dim-%s-%d", kind, dim);
  return fixture_part(f, name);
}

static GtkAdjustment *
slider(Fixture *f, int dim)
{
  return gtk_range_get_adjustment(GTK_RANGE(dimension_part(f, "scale", dim)));
}

static double
shown(Fixture *f, int dim)
{
  return vitrine_view_get_base(vitrine_session_get_view(f->session), SG_SPACE_Z)[dim] +
         fixture_recipe(f)->z_offset[dim];
}

static void
toggle(Fixture *f, const char *name, gboolean on)
{
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(fixture_part(f, name)), on);
}

static void
open_plain(Fixture *f)
{
  fixture_forget_state();
  fixture_open(f, NULL);
  fixture_run_for(0.3); /* the rows that are built in idle time */
}

/* Rows that exist, bound to a dimension: far fewer than dimensions. */
static int
count_rows(GtkWidget *root)
{
  int n = g_str_has_prefix(gtk_widget_get_name(root), "dim-scale-");
  for (GtkWidget *child = gtk_widget_get_first_child(root); child;
       child = gtk_widget_get_next_sibling(child))
    n += count_rows(child);
  return n;
}

static void
test_values(void)
{
  Fixture f;
  open_plain(&f);
  g_assert_cmpint(count_rows(GTK_WIDGET(f.window)), <, 300);
  g_assert_cmpint(fixture_recipe(&f)->z_dim, ==, 512);

  gtk_adjustment_set_value(slider(&f, 2), -4);
  fixture_settle(&f);
  g_assert_cmpfloat_with_epsilon(shown(&f, 2), -4, 1e-9);
  /* Typed beyond the range: the value counts and the sliders reach that far. */
  gtk_editable_set_text(GTK_EDITABLE(dimension_part(&f, "entry", 4)), "137,5");
  g_signal_emit_by_name(dimension_part(&f, "entry", 4), "activate");
  fixture_settle(&f);
  g_assert_cmpfloat_with_epsilon(shown(&f, 4), 137.5, 1e-9);
  g_assert_cmpfloat(gtk_adjustment_get_upper(slider(&f, 4)), >=, 137.5);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, 4)), 137.5, 1e-9);
  /* No other slider is spoilt by that, and not by what is beyond all reason: it is taken back. */
  g_assert_cmpfloat(gtk_adjustment_get_upper(slider(&f, 2)), ==, 10);
  gtk_editable_set_text(GTK_EDITABLE(dimension_part(&f, "entry", 5)), "1e9");
  g_signal_emit_by_name(dimension_part(&f, "entry", 5), "activate");
  fixture_settle(&f);
  g_assert_cmpfloat(fixture_recipe(&f)->z_offset[5], ==, 0);
  g_assert_cmpfloat(gtk_adjustment_get_upper(slider(&f, 5)), ==, 10);
  /* What is no number changes nothing. */
  gtk_editable_set_text(GTK_EDITABLE(dimension_part(&f, "entry", 1)), "7 apples");
  g_signal_emit_by_name(dimension_part(&f, "entry", 1), "activate");
  fixture_settle(&f);
  g_assert_cmpfloat(fixture_recipe(&f)->z_offset[1], ==, 0);

  g_signal_emit_by_name(dimension_part(&f, "reset", 4), "clicked");
  fixture_settle(&f);
  g_assert_cmpfloat(fixture_recipe(&f)->z_offset[4], ==, 0);
  g_assert_cmpfloat(fixture_recipe(&f)->z_offset[2], !=, 0);
  g_signal_emit_by_name(fixture_part(&f, "reset-all"), "clicked");
  fixture_settle(&f);
  g_assert_false(sg_recipe_is_modified(fixture_recipe(&f)));
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, 2)), -4, 1e-9);
  fixture_close(&f);
}

static void
says(Fixture *f, const char *wanted)
{
  g_assert_cmpstr(gtk_label_get_text(GTK_LABEL(fixture_part(f, "changed-count"))), ==, wanted);
}

/* "Nothing changed" is said when nothing is, in no space and in no pane. */
static void
test_changed_count(void)
{
  Fixture f;
  open_plain(&f);
  VitrineEditor *editor = vitrine_session_get_editor(f.session);
  says(&f, "Nothing changed");
  g_object_set(editor, "threshold", 0.2, "scale", 2.5, NULL);
  says(&f, "No dimension of z; also changed: Scale, Pruning");
  gtk_adjustment_set_value(slider(&f, 2), -4);
  fixture_settle(&f);
  says(&f, "1 changed; also changed: Scale, Pruning");
  vitrine_editor_set_space(editor, SG_SPACE_W);
  says(&f, "No dimension of w; also changed: Scale, Dimensions of z, Pruning");
  vitrine_editor_reset(editor);
  says(&f, "Nothing changed");
  fixture_close(&f);
}

static void
test_spaces(void)
{
  Fixture f;
  open_plain(&f);
  toggle(&f, "space-w", TRUE);
  fixture_settle(&f);
  g_assert_cmpint(vitrine_editor_get_space(vitrine_session_get_editor(f.session)), ==, SG_SPACE_W);
  const double *base = vitrine_view_get_base(vitrine_session_get_view(f.session), SG_SPACE_W);
  g_assert_nonnull(base);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, 0)), base[0], 1e-6);
  gtk_adjustment_set_value(slider(&f, 0), 2);
  fixture_settle(&f);
  g_assert_cmpfloat_with_epsilon(
      vitrine_view_get_base(vitrine_session_get_view(f.session), SG_SPACE_W)[0] +
          fixture_recipe(&f)->w_offset[0],
      2, 1e-9);
  g_assert_cmpfloat(fixture_recipe(&f)->z_offset[0], ==, 0);
  fixture_close(&f);
}

static void
test_filters(void)
{
  Fixture f;
  open_plain(&f);
  gtk_adjustment_set_value(slider(&f, 5), 3);
  gtk_adjustment_set_value(slider(&f, 9), -3);
  fixture_settle(&f);
  toggle(&f, "only-changed", TRUE);
  fixture_run_for(0.3);
  g_assert_null(fixture_find(GTK_WIDGET(f.window), "dim-scale-4"));
  fixture_part(&f, "dim-scale-5");
  fixture_part(&f, "dim-scale-9");
  toggle(&f, "only-changed", FALSE);
  fixture_run_for(0.3);
  fixture_part(&f, "dim-scale-4");

  vitrine_favourites_set(vitrine_session_get_favourites(f.session), SG_SPACE_Z, 7, "hair");
  g_assert_cmpstr(vitrine_favourites_get(vitrine_session_get_favourites(f.session), SG_SPACE_Z, 7),
                  ==, "hair");
  vitrine_favourites_set(vitrine_session_get_favourites(f.session), SG_SPACE_Z, 7, NULL);
  fixture_close(&f);
}

/* Three truncations: what psi draws towards, and z that is cut off; both are chips, and undone. */
static void
test_truncations(void)
{
  Fixture f;
  open_plain(&f);
  g_autofree char *plain = fixture_screen_hash(&f);
  toggle(&f, "towards-cluster", TRUE);
  g_assert_cmpint(fixture_recipe(&f)->towards, ==, SG_TOWARDS_CLUSTER);
  g_object_set(vitrine_session_get_editor(f.session), "psi", 0.3, NULL);
  fixture_settle(&f);
  g_autofree char *cluster = fixture_screen_hash(&f);
  toggle(&f, "towards-average", TRUE);
  fixture_settle(&f);
  g_autofree char *average = fixture_screen_hash(&f);
  g_assert_true(strcmp(cluster, average) && strcmp(cluster, plain) && strcmp(average, plain));
  g_object_set(vitrine_session_get_editor(f.session), "psi", 1.0, NULL);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_part(&f, "tau-spin")), 0.5);
  g_assert_cmpfloat(fixture_recipe(&f)->tau, ==, 0.5);
  double most = 0;
  const double *z = vitrine_view_get_base(vitrine_session_get_view(f.session), SG_SPACE_Z);
  for (int i = 0; i < fixture_recipe(&f)->z_dim; i++)
    most = MAX(most, fabs(z[i]));
  g_assert_cmpfloat(most, <=, 0.5);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_cmpfloat(gtk_spin_button_get_value(GTK_SPIN_BUTTON(fixture_part(&f, "tau-spin"))), ==,
                    8);
  fixture_close(&f);
}

static GtkWidget *
find_pane(GtkWidget *root)
{
  GtkWidget *found = VITRINE_IS_LATENT_PANE(root) ? root : NULL;
  for (GtkWidget *child = gtk_widget_get_first_child(root); child && !found;
       child = gtk_widget_get_next_sibling(child))
    found = find_pane(child);
  return found;
}

static void
test_jump(void)
{
  Fixture f;
  open_plain(&f);
  VitrineLatentPane *pane = VITRINE_LATENT_PANE(find_pane(GTK_WIDGET(f.window)));
  g_assert_false(vitrine_latent_pane_go_to(pane, 512));
  g_assert_true(vitrine_latent_pane_go_to(pane, 400));
  fixture_run_for(0.3);
  g_assert_true(gtk_widget_get_mapped(dimension_part(&f, "scale", 400)));
  g_assert_true(gtk_window_get_focus(GTK_WINDOW(f.window)) == dimension_part(&f, "scale", 400));
  gtk_adjustment_set_value(slider(&f, 400), 6);
  fixture_settle(&f);
  g_assert_cmpfloat_with_epsilon(shown(&f, 400), 6, 1e-9);
  fixture_close(&f);
}

static gboolean
all_measured(Fixture *f, gpointer data)
{
  const double *v = vitrine_view_get_influence(vitrine_session_get_view(f->session), SG_SPACE_Z);
  for (int i = 0; v && i < 512; i++)
    if (isnan(v[i]))
      return FALSE;
  return v != NULL;
}

/* The list's first row is the dimension that moves the picture most. */
static void
test_influence(void)
{
  Fixture f;
  int most = 0;
  open_plain(&f);
  toggle(&f, "sort-influence", TRUE);
  fixture_wait(&f, all_measured, NULL, 120);
  fixture_run_for(0.5);
  const double *v = vitrine_view_get_influence(vitrine_session_get_view(f.session), SG_SPACE_Z);
  for (int i = 0; i < 512; i++)
    most = v[i] > v[most] ? i : most;
  g_assert_true(gtk_widget_get_mapped(dimension_part(&f, "scale", most)));
  graphene_rect_t row, list;
  g_assert_true(gtk_widget_compute_bounds(dimension_part(&f, "scale", most),
                                          fixture_part(&f, "dimension-list"), &row));
  g_assert_true(gtk_widget_compute_bounds(fixture_part(&f, "dimension-list"),
                                          fixture_part(&f, "dimension-list"), &list));
  g_assert_cmpfloat(row.origin.y, <, 30);
  fixture_close(&f);
}

static const char *
label_tip(Fixture *f, int dim)
{
  GtkWidget *row = gtk_widget_get_parent(dimension_part(f, "scale", dim));
  return gtk_widget_get_tooltip_text(gtk_widget_get_first_child(row));
}

static gboolean
is_heard(Fixture *f, gpointer dim)
{
  const char *tip = label_tip(f, GPOINTER_TO_INT(dim));
  return tip && strstr(tip, "as strongly");
}

/* Before anything is touched the bars say what the network hears: of w, of the bundled model at
 * once, of others when it has been measured; of z there is nothing to say. */
static void
test_hearing(void)
{
  Fixture f;
  open_plain(&f);
  g_assert_null(strstr(label_tip(&f, 0), "as strongly"));
  toggle(&f, "space-w", TRUE);
  fixture_wait(&f, is_heard, GINT_TO_POINTER(0), 20);
  fixture_close(&f);
  g_autofree char *fixtures =
      g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2.safetensors", NULL);
  fixture_open(&f, fixtures);
  toggle(&f, "space-w", TRUE);
  fixture_wait(&f, is_heard, GINT_TO_POINTER(1), 60);
  fixture_close(&f);
}

static void
test_generation(void)
{
  Fixture f;
  open_plain(&f);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_part(&f, "seed-spin")), 4294967295.0);
  fixture_settle(&f);
  g_assert_cmpuint(fixture_recipe(&f)->seed, ==, 4294967295u);
  gtk_adjustment_set_value(gtk_range_get_adjustment(GTK_RANGE(fixture_part(&f, "psi-scale"))), 0.5);
  gtk_drop_down_set_selected(GTK_DROP_DOWN(fixture_part(&f, "cutoff-combo")), 3);
  toggle(&f, "noise-random", TRUE);
  toggle(&f, "faces-4", TRUE);
  toggle(&f, "scale-space-z", TRUE);
  g_signal_emit_by_name(fixture_part(&f, "scale-mark-6"), "clicked");
  fixture_settle(&f);
  g_assert_cmpfloat_with_epsilon(fixture_recipe(&f)->psi, 0.5, 1e-9);
  g_assert_cmpint(fixture_recipe(&f)->cutoff, >=, 0);
  g_assert_cmpint(fixture_recipe(&f)->noise_mode, ==, SG_NOISE_RANDOM);
  g_assert_cmpint(fixture_recipe(&f)->faces, ==, 4);
  g_assert_cmpint(fixture_recipe(&f)->scale_space, ==, SG_SPACE_Z);
  g_assert_cmpfloat(fixture_recipe(&f)->scale, ==, 2.5);
  while (sg_recipe_is_modified(fixture_recipe(&f)) || fixture_recipe(&f)->faces != 1 ||
         fixture_recipe(&f)->seed != 0) {
    gboolean more;
    g_object_get(vitrine_session_get_editor(f.session), "can-undo", &more, NULL);
    g_assert_true(more);
    vitrine_editor_undo(vitrine_session_get_editor(f.session));
  }
  fixture_settle(&f);
  g_assert_cmpfloat(gtk_spin_button_get_value(GTK_SPIN_BUTTON(fixture_part(&f, "seed-spin"))), ==,
                    0);
  g_assert_true(gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(fixture_part(&f, "faces-1"))));
  g_assert_true(gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(fixture_part(&f, "noise-const"))));
  fixture_close(&f);
}

/* A conditional model starts with its first class, as the commands do, and with what scores it. */
static void
test_classes(void)
{
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = fixture_path("classes.safetensors");
  Fixture f;

  spec.resolution = 16;
  spec.channel_base = 256;
  spec.z_dim = spec.w_dim = 16;
  spec.c_dim = 3;
  g_autoptr(SgModel) model = random_model_new(&spec, &error);
  g_assert_no_error(error);
  g_assert_true(sg_model_save(model, path, &error));
  fixture_forget_state();
  fixture_open(&f, path);
  g_assert_cmpint(fixture_recipe(&f)->label, ==, 0);
  vitrine_editor_reset(vitrine_session_get_editor(f.session));
  g_assert_cmpint(fixture_recipe(&f)->label, ==, 0);
  g_assert_false(gtk_widget_get_visible(fixture_part(&f, "class-drop"))); /* they have no names */
  fixture_close(&f);
}

static const char *
chosen(Fixture *f)
{
  gpointer item = gtk_drop_down_get_selected_item(GTK_DROP_DOWN(fixture_part(f, "class-drop")));
  return gtk_string_object_get_string(GTK_STRING_OBJECT(item));
}

/* Classes that were learnt with names are chosen by them. */
static void
test_class_names(void)
{
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = fixture_path("named.safetensors");
  char *names[] = {"cat", "dög", "fox", NULL};
  Fixture f;

  spec.resolution = 16;
  spec.channel_base = 256;
  spec.z_dim = spec.w_dim = 16;
  spec.c_dim = 3;
  g_autoptr(SgModel) model = random_model_new(&spec, &error);
  g_assert_no_error(error);
  g_hash_table_insert(model->metadata, g_strdup(SG_CLASS_NAMES), sg_class_names_to_metadata(names));
  g_assert_true(sg_model_save(model, path, &error));
  fixture_forget_state();
  fixture_open(&f, path);
  g_assert_true(gtk_widget_get_visible(fixture_part(&f, "class-drop")));
  g_assert_false(gtk_widget_get_visible(fixture_part(&f, "class-spin")));
  g_assert_cmpstr(chosen(&f), ==, "cat");
  gtk_drop_down_set_selected(GTK_DROP_DOWN(fixture_part(&f, "class-drop")), 2);
  fixture_settle(&f);
  g_assert_cmpint(fixture_recipe(&f)->label, ==, 1);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_cmpstr(chosen(&f), ==, "cat");
  g_object_set(vitrine_session_get_editor(f.session), "label", -1, NULL);
  g_assert_cmpstr(chosen(&f), ==, "None");
  fixture_close(&f);
}

/* The logarithmic slider: the nine factors are exact, and there and back is the same. */
static void
test_factors(void)
{
  for (int i = 0; i < VITRINE_N_FACTORS; i++) {
    double position = vitrine_factor_to_position(vitrine_factors[i]);
    g_assert_cmpfloat(vitrine_factor_from_position(position), ==, vitrine_factors[i]);
    g_assert_cmpfloat(vitrine_factor_snap(position + 0.004, 0.01), ==, vitrine_factors[i]);
  }
  g_assert_cmpfloat(vitrine_factor_to_position(0.05), ==, 0);
  g_assert_cmpfloat(vitrine_factor_to_position(10), ==, 1);
  for (double p = 0; p <= 1; p += 0.01)
    g_assert_cmpfloat_with_epsilon(vitrine_factor_to_position(vitrine_factor_from_position(p)), p,
                                   1e-9);
}

/* The first widget below `root` of this class, whose label (if it is a button) is `label`. */
static GtkWidget *
find_of(GtkWidget *root, const char *class, const char *label)
{
  if (g_str_equal(G_OBJECT_TYPE_NAME(root), class) &&
      (!label || g_strcmp0(gtk_button_get_label(GTK_BUTTON(root)), label) == 0))
    return root;
  GtkWidget *found = NULL;
  for (GtkWidget *child = gtk_widget_get_first_child(root); child && !found;
       child = gtk_widget_get_next_sibling(child))
    found = find_of(child, class, label);
  return found;
}

static void
text_arrived(GObject *clipboard, GAsyncResult *result, gpointer data)
{
  *(char **)data = gdk_clipboard_read_text_finish(GDK_CLIPBOARD(clipboard), result, NULL);
}

static gboolean
has_text(Fixture *f, gpointer data)
{
  (void)f;
  return *(char **)data != NULL;
}

static char *
shown_vector(GtkWidget *box)
{
  GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(find_of(box, "GtkTextView", NULL)));
  GtkTextIter start, end;
  gtk_text_buffer_get_bounds(b, &start, &end);
  return gtk_text_buffer_get_text(b, &start, &end, FALSE);
}

/* Sixteen numbers, of which the third is the one that was set: shown, copied, put back, undone. */
static void
test_vector(void)
{
  g_autofree char *path = fixture_path("sixteen.safetensors"), *copied = NULL;
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  g_autoptr(GError) error = NULL;
  Fixture f;

  spec.resolution = 16;
  spec.channel_base = 256;
  spec.z_dim = spec.w_dim = 16;
  g_autoptr(SgModel) model = random_model_new(&spec, &error);
  g_assert_no_error(error);
  g_assert_true(sg_model_save(model, path, &error));
  fixture_forget_state();
  fixture_open(&f, path);
  fixture_run_for(0.3);
  gtk_adjustment_set_value(slider(&f, 2), -4.5);
  fixture_settle(&f);
  GtkWidget *box = find_of(GTK_WIDGET(f.window), "VitrineVectorButton", NULL);
  GtkMenuButton *button = GTK_MENU_BUTTON(find_of(box, "GtkMenuButton", NULL));
  gtk_menu_button_popup(button);
  fixture_run_for(0.2);
  g_autofree char *text = shown_vector(box);
  g_auto(GStrv) numbers = g_strsplit(g_strchomp(text), " ", -1);
  g_assert_cmpint(g_strv_length(numbers), ==, 16);
  for (int i = 0; i < 16; i++)
    g_assert_cmpfloat_with_epsilon(g_ascii_strtod(numbers[i], NULL), shown(&f, i), 1e-6);
  g_assert_cmpfloat_with_epsilon(g_ascii_strtod(numbers[2], NULL), -4.5, 1e-6);

  g_signal_emit_by_name(find_of(box, "GtkButton", "_Copy"), "clicked");
  gdk_clipboard_read_text_async(gtk_widget_get_clipboard(box), NULL, text_arrived, &copied);
  fixture_wait(&f, has_text, &copied, 20);
  g_assert_cmpstr(g_strchomp(copied), ==, text);
  g_assert_false(gtk_widget_get_mapped(GTK_WIDGET(gtk_menu_button_get_popover(button))));

  GtkWidget *reset = find_of(box, "GtkButton", "_Reset");
  gtk_menu_button_popup(button);
  fixture_run_for(0.2);
  g_assert_true(gtk_widget_get_sensitive(reset));
  g_signal_emit_by_name(reset, "clicked");
  fixture_settle(&f);
  g_assert_cmpfloat(fixture_recipe(&f)->z_offset[2], ==, 0);
  fixture_run_for(0.2);
  g_assert_false(gtk_widget_get_sensitive(reset)); /* as drawn */
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_cmpfloat_with_epsilon(shown(&f, 2), -4.5, 1e-9);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/pane/factors", test_factors);
  g_test_add_func("/pane/values", test_values);
  g_test_add_func("/pane/truncations", test_truncations);
  g_test_add_func("/pane/spaces", test_spaces);
  g_test_add_func("/pane/changed-count", test_changed_count);
  g_test_add_func("/pane/filters", test_filters);
  g_test_add_func("/pane/jump", test_jump);
  g_test_add_func("/pane/influence", test_influence);
  g_test_add_func("/pane/hearing", test_hearing);
  g_test_add_func("/pane/generation", test_generation);
  g_test_add_func("/pane/classes", test_classes);
  g_test_add_func("/pane/class-names", test_class_names);
  g_test_add_func("/pane/vector", test_vector);
  return g_test_run();
}
