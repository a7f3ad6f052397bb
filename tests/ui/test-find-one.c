/* "Find One" in the real window: faces are labelled by keys, what tells the labels apart becomes a
 * slider, and that is undone, kept, saved and opened again. The person of this test sees what a
 * known direction says of each face. */
#include "tests/support/window-fixture.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "ui/explore/vitrine-explore-pane.h"
#include "ui/explore/vitrine-find-one.h"

static VitrineShelf *
shelf(Fixture *f)
{
  return vitrine_explore_pane_get_shelf(VITRINE_EXPLORE_PANE(fixture_part(f, "explore-pane")));
}

static GListModel *
yours(Fixture *f)
{
  return vitrine_shelf_get_list(shelf(f), VITRINE_DIRECTION_YOURS);
}

static gboolean
has_sample(Fixture *f, gpointer data)
{
  return vitrine_shelf_get_sample(shelf(f)) != NULL;
}

static gboolean
is_learnt(Fixture *f, gpointer dialog)
{
  return vitrine_labelling_is_idle(vitrine_find_one_get_labelling(dialog));
}

static VitrineFindOne *
open_dialog(Fixture *f)
{
  fixture_wait(f, has_sample, NULL, 60);
  gtk_widget_activate_action(fixture_part(f, "explore-pane"), "explore.find", NULL);
  VitrineFindOne *dialog = g_object_get_data(G_OBJECT(shelf(f)), "vitrine-find-one");
  g_assert_nonnull(dialog);
  fixture_wait(f, is_learnt, dialog, 60);
  return dialog;
}

static VitrineLabelling *
labels(VitrineFindOne *dialog)
{
  return vitrine_find_one_get_labelling(dialog);
}

static void
press(VitrineFindOne *dialog, guint key)
{
  GtkWidget *faces = fixture_find(GTK_WIDGET(dialog), "find-faces");
  g_autoptr(GListModel) all = gtk_widget_observe_controllers(faces);
  gboolean used = FALSE;

  for (guint i = 0; !used && i < g_list_model_get_n_items(all); i++) {
    g_autoptr(GtkEventController) one = g_list_model_get_item(all, i);
    if (GTK_IS_EVENT_CONTROLLER_KEY(one))
      g_signal_emit_by_name(one, "key-pressed", key, 0u, (GdkModifierType)0, &used);
  }
  g_assert_true(used);
}

static const char *
state_of(VitrineFindOne *dialog)
{
  return gtk_label_get_text(GTK_LABEL(fixture_find(GTK_WIDGET(dialog), "find-state")));
}

static GtkWidget *
add_button(VitrineFindOne *dialog)
{
  return fixture_find(GTK_WIDGET(dialog), "find-add");
}

/* What is asked for: does the bundled direction say so of that seed's face? */
static gboolean
has_it(Fixture *f, const SgNamedDirection *d, guint32 seed)
{
  const VitrineSample *s = vitrine_shelf_get_sample(shelf(f));
  double score = 0;

  for (int j = 0; j < s->w_dim; j++)
    score += d->vector[j] *
             ((double)s->w[(gsize)seed * (gsize)s->w_dim + (gsize)j] - s->moments->mean[j]);
  return score > 0;
}

static const SgNamedDirection *
attribute(Fixture *f, const char *name)
{
  GListModel *all = vitrine_shelf_get_list(shelf(f), VITRINE_DIRECTION_ATTRIBUTE);

  for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
    g_autoptr(VitrineDirection) d = g_list_model_get_item(all, i);
    if (g_str_equal(vitrine_direction_get_name(d), name))
      return vitrine_direction_get_facts(d);
  }
  g_assert_not_reached();
}

/* The seed of the face that has the focus. */
static guint32
focused_seed(VitrineFindOne *dialog)
{
  GtkWidget *faces = fixture_find(GTK_WIDGET(dialog), "find-faces");
  int i = gtk_flow_box_child_get_index(GTK_FLOW_BOX_CHILD(gtk_widget_get_focus_child(faces)));
  guint n;
  const guint32 *page = vitrine_labelling_get_page(labels(dialog), &n);

  g_assert_cmpint(i, <, (int)n);
  return page[i];
}

static guint
count(VitrineFindOne *dialog)
{
  return vitrine_labelling_count(labels(dialog), VITRINE_LABEL_YES) +
         vitrine_labelling_count(labels(dialog), VITRINE_LABEL_NO);
}

/* By keys alone, until so many have a label. */
static void
label_by_keys(Fixture *f, VitrineFindOne *dialog, const SgNamedDirection *d, guint labelled)
{
  while (count(dialog) < labelled) {
    guint before = count(dialog);
    press(dialog, has_it(f, d, focused_seed(dialog)) ? GDK_KEY_plus : GDK_KEY_minus);
    g_assert_cmpuint(count(dialog), ==, before + 1);
    fixture_wait(f, is_learnt, dialog, 30);
  }
}

static GtkAdjustment *
slider(Fixture *f, const char *name)
{
  g_autofree char *id = g_strconcat("direction-scale-", name, NULL);
  return gtk_range_get_adjustment(GTK_RANGE(fixture_part(f, id)));
}

static gboolean
is_saved(Fixture *f, gpointer data)
{
  return (!data || g_file_test(data, G_FILE_TEST_EXISTS)) &&
         !vitrine_saver_is_saving(vitrine_session_get_saver(f->session));
}

static gboolean
has_direction(Fixture *f, gpointer data)
{
  return fixture_recipe(f)->directions && fixture_recipe(f)->directions->len == 1;
}

/* ---- by keys to a slider ----------------------------------------------------------------- */

static void
use_slider(Fixture *f)
{
  g_autofree char *path = fixture_path("found.png");
  g_autoptr(GFile) file = g_file_new_for_path(path);

  fixture_settle(f);
  g_autofree char *plain = fixture_screen_hash(f);
  gtk_adjustment_set_value(slider(f, "dark hair"), 2);
  fixture_settle(f);
  g_autofree char *moved = fixture_screen_hash(f);
  g_assert_cmpstr(plain, !=, moved);
  vitrine_editor_undo(vitrine_session_get_editor(f->session));
  fixture_settle(f);
  g_autofree char *back = fixture_screen_hash(f);
  g_assert_cmpstr(plain, ==, back);
  vitrine_editor_redo(vitrine_session_get_editor(f->session));
  fixture_settle(f);
  vitrine_saver_save_picture(vitrine_session_get_saver(f->session), file, NULL);
  fixture_wait(f, is_saved, path, 20);
  gtk_adjustment_set_value(slider(f, "dark hair"), 0);
  vitrine_opener_open(vitrine_session_get_opener(f->session), file);
  fixture_wait(f, has_direction, NULL, 20);
  fixture_settle(f);
  g_autofree char *again = fixture_screen_hash(f);
  g_assert_cmpstr(moved, ==, again);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(f, "dark hair")), 2, 1e-9);
}

static void
test_keys(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open_as_is(&f, NULL);
  VitrineFindOne *dialog = open_dialog(&f);
  const SgNamedDirection *known = attribute(&f, "hair lightness");
  gtk_editable_set_text(GTK_EDITABLE(fixture_find(GTK_WIDGET(dialog), "find-name")), "dark hair");
  gtk_widget_grab_focus(fixture_find(GTK_WIDGET(dialog), "find-face-0"));
  label_by_keys(&f, dialog, known, SG_FEW_LABELS - 1);
  g_assert_false(gtk_widget_is_sensitive(add_button(dialog)));
  label_by_keys(&f, dialog, known, SG_FEW_LABELS);
  g_assert_true(gtk_widget_is_sensitive(add_button(dialog)));
  g_assert_cmpuint(vitrine_labelling_get_curve(labels(dialog))->len, >, 20);
  g_signal_emit_by_name(add_button(dialog), "clicked");
  g_assert_cmpuint(g_list_model_get_n_items(yours(&f)), ==, 1);
  g_autoptr(VitrineDirection) d = g_list_model_get_item(yours(&f), 0);
  const SgNamedDirection *facts = vitrine_direction_get_facts(d);
  g_assert_cmpstr(facts->name, ==, "dark hair");
  g_assert_cmpint(facts->samples, ==, SG_FEW_LABELS);
  g_assert_true(facts->auc >= 0 && facts->auc <= 1);
  /* It is about what was asked for: it moves the known direction's score by more than half of what
   * its own σ could. */
  const SgMoments *m = vitrine_shelf_get_sample(shelf(&f))->moments;
  double moved = 0;
  for (int j = 0; j < m->dim; j++)
    moved += facts->sigma * facts->vector[j] * known->vector[j];
  g_test_message("AUC %.2f; one σ moves the known score by %.2f σ", facts->auc,
                 moved / sg_moments_sigma(m, known->vector));
  g_assert_cmpfloat(moved, >, 0.25 * sg_moments_sigma(m, known->vector));
  /* Taken back and added again. */
  gtk_widget_activate_action(GTK_WIDGET(dialog), "find.undo", NULL);
  g_assert_cmpuint(g_list_model_get_n_items(yours(&f)), ==, 0);
  g_assert_cmpuint(count(dialog), ==, SG_FEW_LABELS);
  g_signal_emit_by_name(add_button(dialog), "clicked");
  gtk_window_close(GTK_WINDOW(dialog));
  use_slider(&f);
  fixture_wait(&f, is_saved, NULL, 20);
  fixture_close(&f);

  /* The next day labels and direction are there. */
  fixture_open_as_is(&f, NULL);
  dialog = open_dialog(&f);
  g_assert_cmpuint(count(dialog), ==, SG_FEW_LABELS);
  g_assert_cmpstr(vitrine_labelling_get_name(labels(dialog)), ==, "dark hair");
  g_assert_cmpuint(g_list_model_get_n_items(yours(&f)), ==, 1);
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_close(&f);
}

/* ---- what cannot be learnt --------------------------------------------------------------- */

static void
test_too_few(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open_as_is(&f, NULL);
  VitrineFindOne *dialog = open_dialog(&f);
  g_assert_nonnull(strstr(state_of(dialog), "From 40 labels on"));
  gtk_widget_grab_focus(fixture_find(GTK_WIDGET(dialog), "find-face-0"));
  for (int i = 0; i < 3; i++)
    press(dialog, GDK_KEY_1);
  fixture_wait(&f, is_learnt, dialog, 30);
  g_assert_nonnull(strstr(state_of(dialog), "3 labels, all with it"));
  /* One class, however many. */
  for (int page = 0; page < 5; page++) {
    gtk_widget_activate_action(GTK_WIDGET(dialog), "find.rest", NULL);
    fixture_wait(&f, is_learnt, dialog, 30);
  }
  g_assert_cmpuint(vitrine_labelling_count(labels(dialog), VITRINE_LABEL_NO), >, 40);
  g_assert_nonnull(strstr(state_of(dialog), "at least 5 of each kind"));
  g_assert_false(gtk_widget_is_sensitive(add_button(dialog)));
  for (int i = 0; i < 5; i++)
    gtk_widget_activate_action(GTK_WIDGET(dialog), "find.undo", NULL);
  fixture_wait(&f, is_learnt, dialog, 30);
  g_assert_cmpuint(count(dialog), ==, 3);
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_close(&f);
}

/* Several at once, and by clicks. */
static void
test_pointer(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open_as_is(&f, NULL);
  VitrineFindOne *dialog = open_dialog(&f);
  GtkWidget *root = GTK_WIDGET(dialog);
  GtkFlowBox *faces = GTK_FLOW_BOX(fixture_find(root, "find-faces"));
  guint n;
  guint32 first = vitrine_labelling_get_page(labels(dialog), &n)[0];
  GtkFlowBoxChild *child = gtk_flow_box_get_child_at_index(faces, 0);
  const VitrineLabel cycle[] = {VITRINE_LABEL_YES, VITRINE_LABEL_NO, VITRINE_LABEL_NONE};
  for (guint i = 0; i < G_N_ELEMENTS(cycle); i++) {
    g_signal_emit_by_name(faces, "child-activated", child);
    g_assert_cmpint(vitrine_labelling_get(labels(dialog), first), ==, cycle[i]);
  }
  for (int i = 2; i < 6; i++)
    gtk_flow_box_select_child(faces, gtk_flow_box_get_child_at_index(faces, i));
  g_signal_emit_by_name(fixture_find(root, "find-no"), "clicked");
  g_assert_cmpuint(vitrine_labelling_count(labels(dialog), VITRINE_LABEL_NO), ==, 4);
  gtk_widget_activate_action(root, "find.undo", NULL); /* one step */
  g_assert_cmpuint(count(dialog), ==, 0);
  fixture_wait(&f, is_learnt, dialog, 30);
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_close(&f);
}

/* ---- files ------------------------------------------------------------------------------- */

static gboolean
has_labels(Fixture *f, gpointer dialog)
{
  return count(dialog) == 3;
}

static gboolean
has_message(Fixture *f, gpointer data)
{
  return vitrine_window_get_dialog(f->window) != NULL;
}

static void
test_files(void)
{
  Fixture f;
  g_autofree char *path = fixture_path("labels.csv"), *bad = fixture_path("bad.csv"), *text = NULL;
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFile) bad_file = g_file_new_for_path(bad);

  fixture_forget_state();
  fixture_open_as_is(&f, NULL);
  VitrineFindOne *dialog = open_dialog(&f);
  const guint32 with[] = {7, 1200}, without[] = {3};
  vitrine_labelling_set_name(labels(dialog), "a, \"b\"");
  vitrine_labelling_set(labels(dialog), 2, with, VITRINE_LABEL_YES);
  vitrine_labelling_set(labels(dialog), 1, without, VITRINE_LABEL_NO);
  vitrine_labelling_export(labels(dialog), file);
  fixture_wait(&f, is_saved, path, 20);
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  g_assert_cmpstr(text, ==, "seed,a   b\n3,0\n7,1\n1200,1\n");
  vitrine_labelling_start_over(labels(dialog));
  g_assert_cmpuint(count(dialog), ==, 0);
  vitrine_labelling_import(labels(dialog), file);
  fixture_wait(&f, has_labels, dialog, 20);
  g_assert_cmpint(vitrine_labelling_get(labels(dialog), 1200), ==, VITRINE_LABEL_YES);
  /* What is no such table changes nothing, and says so. */
  g_assert_true(g_file_set_contents(bad, "seed,x\n1,0\n1,1\n", -1, NULL));
  vitrine_labelling_import(labels(dialog), bad_file);
  fixture_wait(&f, has_message, NULL, 20);
  g_assert_cmpuint(count(dialog), ==, 3);
  fixture_close(&f); /* with the dialog open */
}

static gboolean
is_gone(Fixture *f, gpointer data)
{
  return g_object_get_data(G_OBJECT(shelf(f)), "vitrine-find-one") == NULL;
}

/* Faces of another model have other labels; these are kept. */
static void
test_other_model(void)
{
  Fixture f;
  g_autofree char *path = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2.safetensors", NULL);
  g_autofree char *bundled = NULL;
  g_autoptr(GFile) other = g_file_new_for_path(path);
  const guint32 with[] = {7};

  fixture_forget_state();
  fixture_open_as_is(&f, NULL);
  bundled = g_strdup(vitrine_session_get_model(f.session)->path);
  VitrineFindOne *dialog = open_dialog(&f);
  vitrine_labelling_set(labels(dialog), 1, with, VITRINE_LABEL_YES);
  vitrine_opener_open(vitrine_session_get_opener(f.session), other);
  fixture_wait(&f, is_gone, NULL, 60);
  dialog = open_dialog(&f);
  g_assert_cmpuint(count(dialog), ==, 0);
  g_autoptr(GFile) first = g_file_new_for_path(bundled);
  vitrine_opener_open(vitrine_session_get_opener(f.session), first);
  fixture_wait(&f, is_gone, NULL, 60);
  dialog = open_dialog(&f);
  g_assert_cmpint(vitrine_labelling_get(labels(dialog), 7), ==, VITRINE_LABEL_YES);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/find-one/keys", test_keys);
  g_test_add_func("/find-one/too-few", test_too_few);
  g_test_add_func("/find-one/pointer", test_pointer);
  g_test_add_func("/find-one/files", test_files);
  g_test_add_func("/find-one/other-model", test_other_model);
  return g_test_run();
}
