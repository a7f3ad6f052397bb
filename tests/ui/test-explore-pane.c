/* The Explore pane in the real window: components are found while nobody waits, a slider moves the
 * face, and what it does is in the recipe, undone, saved and opened again. */
#include "tests/support/window-fixture.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "engine/directions/pca.h"
#include "ui/explore/vitrine-explore-pane.h"
#include "ui/explore/vitrine-trough.h"

static GtkWidget *
part(Fixture *f, const char *name)
{
  GtkWidget *widget = fixture_find(GTK_WIDGET(f->window), name);
  if (!widget)
    g_error("no widget is called %s", name);
  return widget;
}

static const SgRecipe *
recipe(Fixture *f)
{
  return vitrine_session_get_recipe(f->session);
}

static guint
n_directions(Fixture *f)
{
  return recipe(f)->directions ? recipe(f)->directions->len : 0;
}

static VitrineExplorePane *
pane(Fixture *f)
{
  return VITRINE_EXPLORE_PANE(part(f, "explore-pane"));
}

static GListModel *
list(Fixture *f, VitrineDirectionGroup group)
{
  return vitrine_shelf_get_list(vitrine_explore_pane_get_shelf(pane(f)), group);
}

static gboolean
has_components(Fixture *f, gpointer data)
{
  return vitrine_shelf_get_sample(vitrine_explore_pane_get_shelf(pane(f))) &&
         g_list_model_get_n_items(list(f, VITRINE_DIRECTION_COMPONENT)) > 0;
}

static char *
cache_of(Fixture *f, const char *kind)
{
  g_autofree char *name =
      g_strdup_printf("%s-%s.safetensors", vitrine_session_get_model(f->session)->hash, kind);
  return g_build_filename(g_get_user_cache_dir(), "vitrine", "directions", name, NULL);
}

static void
open_pane(Fixture *f)
{
  fixture_forget_state();
  fixture_open_as_is(f, NULL);
  fixture_wait(f, has_components, NULL, 60);
}

static GtkAdjustment *
slider(Fixture *f, const char *name)
{
  g_autofree char *id = g_strconcat("direction-scale-", name, NULL);
  return gtk_range_get_adjustment(GTK_RANGE(part(f, id)));
}

static VitrineTrough *
trough(Fixture *f, const char *name)
{
  g_autofree char *id = g_strconcat("direction-scale-", name, NULL);
  return VITRINE_TROUGH(gtk_widget_get_parent(part(f, id)));
}

static void
type(Fixture *f, const char *name, const char *text)
{
  g_autofree char *id = g_strconcat("direction-entry-", name, NULL);
  gtk_editable_set_text(GTK_EDITABLE(part(f, id)), text);
  g_signal_emit_by_name(part(f, id), "activate");
}

/* ---- components -------------------------------------------------------------------------- */

static void
test_first(void)
{
  Fixture f;
  guint n;

  fixture_forget_state();
  fixture_open_as_is(&f, NULL);
  g_assert_cmpstr(vitrine_panes(&n)[0].name, ==, "explore");
  g_assert_true(gtk_widget_get_mapped(part(&f, "explore-pane")));
  fixture_wait(&f, has_components, NULL, 60);
  /* What its labels gave comes with the bundled model. */
  g_assert_cmpuint(g_list_model_get_n_items(list(&f, VITRINE_DIRECTION_ATTRIBUTE)), >=, 6);
  part(&f, "direction-scale-beard");
  /* Of the styles, as the engine finds them in the same faces. */
  g_autofree char *path = cache_of(&f, "pca-s");
  g_autoptr(GError) error = NULL;
  g_autoptr(SgDirectionSet) kept = sg_direction_set_load(path, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(kept->model, ==, vitrine_session_get_model(f.session)->hash);
  const SgPca *pca = vitrine_shelf_get_pca(vitrine_explore_pane_get_shelf(pane(&f)), 1);
  g_autoptr(VitrineDirection) first =
      g_list_model_get_item(list(&f, VITRINE_DIRECTION_COMPONENT), 0);
  const SgNamedDirection *d = vitrine_direction_get_facts(first);
  for (int i = 0; i < kept->w_dim; i++)
    g_assert_cmpfloat_with_epsilon(d->sigma * d->vector[i], pca->directions[i], 1e-9);
  g_assert_cmpfloat(d->share, >, 0.2); /* "vitrine pca" tells 26 % */
  /* Other kinds are there at once. */
  gtk_drop_down_set_selected(GTK_DROP_DOWN(part(&f, "explore-components")), VITRINE_COMPONENTS_W);
  part(&f, "direction-scale-W 1");
  g_assert_null(fixture_find(GTK_WIDGET(f.window), "direction-scale-S 1"));
  gtk_drop_down_set_selected(GTK_DROP_DOWN(part(&f, "explore-components")),
                             VITRINE_COMPONENTS_SEFA);
  part(&f, "direction-scale-SeFa 1");
  fixture_close(&f);
}

static void
test_cancel(void)
{
  static const char *const kinds[] = {"pca-s", "pca-w", "sefa"};
  Fixture f;

  fixture_forget_state();
  fixture_open_as_is(&f, NULL);
  fixture_wait(&f, has_components, NULL, 60);
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autofree char *path = cache_of(&f, kinds[i]);
    g_remove(path);
  }
  fixture_close(&f);
  fixture_open_as_is(&f, NULL);
  g_signal_emit_by_name(part(&f, "explore-cancel"), "clicked");
  fixture_settle(&f);
  fixture_run_for(0.3);
  if (!has_components(&f, NULL)) { /* else the machine was quicker than the click */
    g_assert_false(gtk_widget_get_visible(gtk_widget_get_parent(part(&f, "explore-progress"))));
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
      g_autofree char *path = cache_of(&f, kinds[i]);
      g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    }
  }
  fixture_close(&f);
}

/* ---- sliders ----------------------------------------------------------------------------- */

static void
test_slider(void)
{
  Fixture f;

  open_pane(&f);
  fixture_settle(&f);
  g_autofree char *plain = fixture_screen_hash(&f);
  gtk_adjustment_set_value(slider(&f, "S 1"), 2);
  fixture_settle(&f);
  g_autofree char *moved = fixture_screen_hash(&f);
  g_assert_cmpstr(plain, !=, moved);
  g_assert_cmpint(n_directions(&f), ==, 1);
  const SgDirection *d = recipe(&f)->directions->pdata[0];
  g_assert_cmpstr(d->name, ==, "S 1");
  g_assert_cmpfloat_with_epsilon(d->strength, 2, 1e-9);
  g_assert_true(d->layers == SG_ALL_LAYERS);
  /* Undo takes the slider back, and redo. */
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_assert_cmpint(n_directions(&f), ==, 0);
  g_assert_cmpfloat(gtk_adjustment_get_value(slider(&f, "S 1")), ==, 0);
  g_autofree char *back = fixture_screen_hash(&f);
  g_assert_cmpstr(plain, ==, back);
  vitrine_editor_redo(vitrine_session_get_editor(f.session));
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, "S 1")), 2, 1e-9);
  /* By keys; back to nothing is no direction at all. */
  g_signal_emit_by_name(part(&f, "direction-scale-S 1"), "move-slider", GTK_SCROLL_STEP_FORWARD);
  g_assert_cmpfloat_with_epsilon(((SgDirection *)recipe(&f)->directions->pdata[0])->strength, 2.1,
                                 1e-9);
  g_signal_emit_by_name(part(&f, "direction-reset-S 1"), "clicked");
  g_assert_cmpint(n_directions(&f), ==, 0);
  fixture_close(&f);
}

static void
test_far(void)
{
  Fixture f;

  open_pane(&f);
  /* Typed beyond the range: the slider reaches that far, its pictures are those of its steps. */
  type(&f, "S 2", "-7,5");
  g_assert_cmpfloat_with_epsilon(((SgDirection *)recipe(&f)->directions->pdata[0])->strength, -7.5,
                                 1e-9);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, "S 2")), -7.5, 1e-9);
  g_assert_cmpfloat(gtk_adjustment_get_lower(slider(&f, "S 2")), ==, -10);
  g_assert_cmpfloat(vitrine_trough_get_step(trough(&f, "S 2")), ==, 4);
  fixture_settle(&f);
  /* No face of this network lies there, and the pane says so. */
  type(&f, "S 2", "60");
  fixture_settle(&f);
  g_assert_true(gtk_widget_has_css_class(part(&f, "explore-reach"), "error"));
  type(&f, "S 2", "0");
  fixture_settle(&f);
  g_assert_cmpint(n_directions(&f), ==, 0);
  g_assert_cmpfloat(gtk_adjustment_get_lower(slider(&f, "S 2")), ==, -2.5);
  g_assert_false(gtk_widget_has_css_class(part(&f, "explore-reach"), "error"));
  fixture_close(&f);
}

static gboolean
is_saved(Fixture *f, gpointer data)
{
  return g_file_test(data, G_FILE_TEST_EXISTS) &&
         !vitrine_saver_is_saving(vitrine_session_get_saver(f->session));
}

static gboolean
has_direction(Fixture *f, gpointer data)
{
  return n_directions(f) == 1;
}

static void
test_saved(void)
{
  Fixture f;
  g_autofree char *path = fixture_path("explored.png");
  g_autoptr(GFile) file = g_file_new_for_path(path);

  open_pane(&f);
  gtk_adjustment_set_value(slider(&f, "S 3"), -1.5);
  fixture_settle(&f);
  g_autofree char *moved = fixture_screen_hash(&f);
  vitrine_saver_save_picture(vitrine_session_get_saver(f.session), file);
  fixture_wait(&f, is_saved, path, 20);
  gtk_adjustment_set_value(slider(&f, "S 3"), 0);
  g_assert_cmpint(n_directions(&f), ==, 0);
  vitrine_opener_open(vitrine_session_get_opener(f.session), file);
  fixture_wait(&f, has_direction, NULL, 20);
  fixture_settle(&f);
  g_autofree char *again = fixture_screen_hash(&f);
  g_assert_cmpstr(moved, ==, again);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, "S 3")), -1.5, 1e-9);
  fixture_close(&f);
}

/* ---- previews ---------------------------------------------------------------------------- */

/* The row at the top, which can be seen. */
static const char *
top(Fixture *f)
{
  g_autoptr(VitrineDirection) first =
      g_list_model_get_item(list(f, VITRINE_DIRECTION_ATTRIBUTE), 0);
  return vitrine_direction_get_name(first);
}

static gboolean
has_strip(Fixture *f, gpointer data)
{
  return vitrine_trough_get_strip(trough(f, top(f))) != NULL;
}

static void
test_previews(void)
{
  Fixture f;

  open_pane(&f);
  fixture_wait(&f, has_strip, NULL, 30);
  GdkTexture *strip = vitrine_trough_get_strip(trough(&f, top(&f)));
  int size = gdk_texture_get_height(strip);
  g_assert_cmpint(gdk_texture_get_width(strip), ==, 5 * size);
  /* The middle one is the face on the screen. */
  fixture_settle(&f);
  GdkTexture *face = vitrine_view_get_texture(vitrine_session_get_view(f.session));
  gsize stride = (gsize)size * 20;
  g_autofree guint8 *all = g_malloc(stride * (gsize)size), *one = g_malloc(stride * (gsize)size);
  g_assert_cmpint(gdk_texture_get_height(face), ==, size);
  gdk_texture_download(strip, all, stride);
  gdk_texture_download(face, one, (gsize)size * 4);
  for (int y = 0; y < size; y++)
    g_assert_cmpmem(all + (gsize)y * stride + (gsize)size * 8, (gsize)size * 4,
                    one + (gsize)y * (gsize)size * 4, (gsize)size * 4);
  fixture_close(&f);
}

static gboolean
more_previews(Fixture *f, gpointer data)
{
  return vitrine_explore_pane_get_previews(pane(f)) > GPOINTER_TO_UINT(data);
}

/* While a finger is down, or a picture has just been asked for, no preview is drawn. */
static void
test_drag_first(void)
{
  Fixture f;

  open_pane(&f);
  fixture_wait(&f, has_strip, NULL, 30);
  VitrineEditor *editor = vitrine_session_get_editor(f.session);
  vitrine_editor_begin_gesture(editor);
  gtk_adjustment_set_value(slider(&f, "S 2"), 0.1);
  fixture_settle(&f); /* a preview that had begun is finished */
  guint before = vitrine_explore_pane_get_previews(pane(&f));
  for (int i = 2; i < 25; i++) {
    gtk_adjustment_set_value(slider(&f, "S 2"), i / 10.0);
    fixture_run_for(0.016);
  }
  fixture_settle(&f);
  g_assert_cmpint(vitrine_explore_pane_get_previews(pane(&f)), ==, before);
  vitrine_editor_end_gesture(editor);
  fixture_wait(&f, more_previews, GUINT_TO_POINTER(before), 30);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/explore/first", test_first);
  g_test_add_func("/explore/cancel", test_cancel);
  g_test_add_func("/explore/slider", test_slider);
  g_test_add_func("/explore/far", test_far);
  g_test_add_func("/explore/saved", test_saved);
  g_test_add_func("/explore/previews", test_previews);
  g_test_add_func("/explore/drag-first", test_drag_first);
  return g_test_run();
}
