/* The Explore pane in the real window: components are found while nobody waits, a slider moves the
 * face, and what it does is in the recipe, undone, saved and opened again. */
#include "app/explore/vitrine-direction-title.h"
#include "tests/support/window-fixture.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "app/explore/vitrine-direction-exchange.h"
#include "engine/directions/pca.h"
#include "ui/explore/vitrine-explore-pane.h"
#include "ui/explore/vitrine-point-list.h"
#include "ui/explore/vitrine-trough.h"

static guint
n_directions(Fixture *f)
{
  return fixture_recipe(f)->directions ? fixture_recipe(f)->directions->len : 0;
}

static VitrineExplorePane *
pane(Fixture *f)
{
  return VITRINE_EXPLORE_PANE(fixture_part(f, "explore-pane"));
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
  return gtk_range_get_adjustment(GTK_RANGE(fixture_part(f, id)));
}

static VitrineTrough *
trough(Fixture *f, const char *name)
{
  g_autofree char *id = g_strconcat("direction-scale-", name, NULL);
  return VITRINE_TROUGH(gtk_widget_get_parent(fixture_part(f, id)));
}

static void
type(Fixture *f, const char *name, const char *text)
{
  g_autofree char *id = g_strconcat("direction-entry-", name, NULL);
  gtk_editable_set_text(GTK_EDITABLE(fixture_part(f, id)), text);
  g_signal_emit_by_name(fixture_part(f, id), "activate");
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
  g_assert_true(gtk_widget_get_mapped(fixture_part(&f, "explore-pane")));
  fixture_wait(&f, has_components, NULL, 60);
  /* What its labels gave comes with the bundled model. */
  g_assert_cmpuint(g_list_model_get_n_items(list(&f, VITRINE_DIRECTION_ATTRIBUTE)), >=, 6);
  fixture_part(&f, "direction-scale-beard");
  /* Each has a name that is translated. */
  GListModel *attributes = list(&f, VITRINE_DIRECTION_ATTRIBUTE);
  for (guint i = 0; i < g_list_model_get_n_items(attributes); i++) {
    g_autoptr(VitrineDirection) d = g_list_model_get_item(attributes, i);
    g_assert_true(g_strv_contains(vitrine_direction_titles, vitrine_direction_get_name(d)));
  }
  /* Of the styles, as the engine finds them in the same faces. */
  g_autofree char *path = cache_of(&f, "pca-s");
  g_autoptr(GError) error = NULL;
  g_autoptr(SgDirectionSet) kept = sg_direction_set_load(path, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(kept->model, ==, vitrine_session_get_model(f.session)->hash);
  const SgPca *pca = vitrine_sample_pca(
      vitrine_shelf_get_sample(vitrine_explore_pane_get_shelf(pane(&f))), 1, &error);
  g_assert_no_error(error);
  g_autoptr(VitrineDirection) first =
      g_list_model_get_item(list(&f, VITRINE_DIRECTION_COMPONENT), 0);
  const SgNamedDirection *d = vitrine_direction_get_facts(first);
  for (int i = 0; i < kept->w_dim; i++)
    g_assert_cmpfloat_with_epsilon(d->sigma * d->vector[i], pca->directions[i], 1e-9);
  g_assert_cmpfloat(d->share, >, 0.2); /* "vitrine pca" tells 26 % */
  /* Other kinds are there at once. */
  gtk_drop_down_set_selected(GTK_DROP_DOWN(fixture_part(&f, "explore-components")),
                             VITRINE_COMPONENTS_W);
  fixture_part(&f, "direction-scale-W 1");
  g_assert_null(fixture_find(GTK_WIDGET(f.window), "direction-scale-S 1"));
  gtk_drop_down_set_selected(GTK_DROP_DOWN(fixture_part(&f, "explore-components")),
                             VITRINE_COMPONENTS_SEFA);
  fixture_part(&f, "direction-scale-SeFa 1");
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
  g_signal_emit_by_name(fixture_part(&f, "explore-cancel"), "clicked");
  fixture_settle(&f);
  fixture_run_for(0.3);
  if (!has_components(&f, NULL)) { /* else the machine was quicker than the click */
    g_assert_false(
        gtk_widget_get_visible(gtk_widget_get_parent(fixture_part(&f, "explore-progress"))));
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
  const SgDirection *d = fixture_recipe(&f)->directions->pdata[0];
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
  g_signal_emit_by_name(fixture_part(&f, "direction-scale-S 1"), "move-slider",
                        GTK_SCROLL_STEP_FORWARD);
  g_assert_cmpfloat_with_epsilon(
      ((SgDirection *)fixture_recipe(&f)->directions->pdata[0])->strength, 2.1, 1e-9);
  g_signal_emit_by_name(fixture_part(&f, "direction-reset-S 1"), "clicked");
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
  g_assert_cmpfloat_with_epsilon(
      ((SgDirection *)fixture_recipe(&f)->directions->pdata[0])->strength, -7.5, 1e-9);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, "S 2")), -7.5, 1e-9);
  g_assert_cmpfloat(gtk_adjustment_get_lower(slider(&f, "S 2")), ==, -10);
  g_assert_cmpfloat(vitrine_trough_get_step(trough(&f, "S 2")), ==, 4);
  fixture_settle(&f);
  /* No face of this network lies there, and the pane says so. */
  type(&f, "S 2", "60");
  fixture_settle(&f);
  g_assert_true(gtk_widget_has_css_class(fixture_part(&f, "explore-reach"), "error"));
  type(&f, "S 2", "0");
  fixture_settle(&f);
  g_assert_cmpint(n_directions(&f), ==, 0);
  g_assert_cmpfloat(gtk_adjustment_get_lower(slider(&f, "S 2")), ==, -2.5);
  g_assert_false(gtk_widget_has_css_class(fixture_part(&f, "explore-reach"), "error"));
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
  vitrine_saver_save_picture(vitrine_session_get_saver(f.session), file, NULL);
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

/* ---- one's own --------------------------------------------------------------------------- */

static gboolean
is_idle(Fixture *f, gpointer data)
{
  return !vitrine_saver_is_saving(vitrine_session_get_saver(f->session));
}

static VitrineDirection *
own(Fixture *f, guint i)
{
  g_autoptr(VitrineDirection) d = g_list_model_get_item(list(f, VITRINE_DIRECTION_YOURS), i);
  return d;
}

static GtkWidget *
row(Fixture *f, const char *name)
{
  return gtk_widget_get_parent(GTK_WIDGET(trough(f, name)));
}

static void
test_own(void)
{
  Fixture f;

  open_pane(&f);
  /* A copy of a component, under its own name, moves the face as the component does. */
  gtk_widget_activate_action(row(&f, "S 4"), "direction.keep", NULL);
  g_assert_cmpuint(g_list_model_get_n_items(list(&f, VITRINE_DIRECTION_YOURS)), ==, 1);
  vitrine_direction_rename(own(&f, 0), "jaw");
  vitrine_shelf_keep(vitrine_explore_pane_get_shelf(pane(&f)));
  gtk_adjustment_set_value(slider(&f, "jaw"), 1.5);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, "S 4")), 1.5, 1e-6);
  /* Turned round the face stays; in some layers only it does not. */
  fixture_settle(&f);
  g_autofree char *before = fixture_screen_hash(&f);
  gtk_widget_activate_action(row(&f, "jaw"), "direction.flip", NULL);
  fixture_settle(&f);
  g_autofree char *flipped = fixture_screen_hash(&f);
  g_assert_cmpstr(before, ==, flipped);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, "jaw")), -1.5, 1e-6);
  vitrine_direction_set_layers(own(&f, 0), 0, 1);
  fixture_settle(&f);
  g_assert_cmpuint(((SgDirection *)fixture_recipe(&f)->directions->pdata[0])->layers, ==, 3);
  g_autofree char *coarse = fixture_screen_hash(&f);
  g_assert_cmpstr(before, !=, coarse);
  gtk_widget_activate_action(row(&f, "jaw"), "direction.pin", NULL);
  vitrine_shelf_keep(vitrine_explore_pane_get_shelf(pane(&f)));
  fixture_wait(&f, is_idle, NULL, 20);
  fixture_close(&f);

  /* All of it is there the next day. */
  fixture_open_as_is(&f, NULL);
  fixture_wait(&f, has_components, NULL, 60);
  const SgNamedDirection *d = vitrine_direction_get_facts(own(&f, 0));
  g_assert_cmpstr(d->name, ==, "jaw");
  g_assert_cmpint(d->first, ==, 0);
  g_assert_cmpint(d->last, ==, 1);
  g_assert_true(vitrine_direction_get_pinned(own(&f, 0)));
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, "jaw")), -1.5, 1e-6);
  gtk_widget_activate_action(row(&f, "jaw"), "direction.delete", NULL);
  g_assert_cmpuint(g_list_model_get_n_items(list(&f, VITRINE_DIRECTION_YOURS)), ==, 0);
  g_assert_cmpint(n_directions(&f), ==, 0);
  /* One step back it is there again, with its layers, its pin and what the face had of it. */
  VitrineEditor *editor = vitrine_session_get_editor(f.session);
  vitrine_editor_undo(editor);
  d = vitrine_direction_get_facts(own(&f, 0));
  g_assert_cmpstr(d->name, ==, "jaw");
  g_assert_cmpint(d->last, ==, 1);
  g_assert_true(vitrine_direction_get_pinned(own(&f, 0)));
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(slider(&f, "jaw")), -1.5, 1e-6);
  vitrine_editor_redo(editor);
  g_assert_cmpuint(g_list_model_get_n_items(list(&f, VITRINE_DIRECTION_YOURS)), ==, 0);
  g_assert_cmpint(n_directions(&f), ==, 0);
  /* One that the face had nothing of comes back, too. */
  vitrine_editor_undo(editor);
  vitrine_direction_set_strength(own(&f, 0), 0);
  gtk_widget_activate_action(row(&f, "jaw"), "direction.delete", NULL);
  g_assert_cmpuint(g_list_model_get_n_items(list(&f, VITRINE_DIRECTION_YOURS)), ==, 0);
  vitrine_editor_undo(editor);
  g_assert_cmpuint(g_list_model_get_n_items(list(&f, VITRINE_DIRECTION_YOURS)), ==, 1);
  vitrine_editor_redo(editor);
  fixture_wait(&f, is_idle, NULL, 20);
  fixture_close(&f);
}

/* What carries an attribute keeps its numbers while seeds change, and no other. */
static void
test_lock(void)
{
  Fixture f;

  open_pane(&f);
  fixture_settle(&f);
  const double *base = vitrine_view_get_base(vitrine_session_get_view(f.session), SG_SPACE_W);
  g_autofree double *w = g_memdup2(base, sizeof(double) * (gsize)fixture_recipe(&f)->w_dim);
  gtk_widget_activate_action(row(&f, "beard"), "direction.lock", NULL);
  vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 77);
  fixture_settle(&f);
  base = vitrine_view_get_base(vitrine_session_get_view(f.session), SG_SPACE_W);
  g_autoptr(VitrineDirection) beard = NULL;
  for (guint i = 0; !beard; i++) {
    g_autoptr(VitrineDirection) d = g_list_model_get_item(list(&f, VITRINE_DIRECTION_ATTRIBUTE), i);
    if (g_str_equal(vitrine_direction_get_name(d), "beard"))
      beard = g_steal_pointer(&d);
  }
  int carried = 0;
  for (int i = 0; i < fixture_recipe(&f)->w_dim; i++)
    if (vitrine_direction_get_facts(beard)->vector[i] != 0) {
      g_assert_true(base[i] == w[i]); /* bit for bit */
      carried++;
    } else {
      g_assert_true(base[i] != w[i]);
    }
  g_assert_cmpint(carried, >, 100);
  gtk_widget_activate_action(row(&f, "beard"), "direction.lock", NULL);
  g_assert_false(vitrine_direction_is_locked(beard));
  fixture_close(&f);
}

/* ---- files ------------------------------------------------------------------------------- */

static int asked;

static void
refuse_cb(VitrineImport *import, const char *sentence, gpointer data)
{
  asked++;
  g_assert_nonnull(strstr(sentence, "another"));
  vitrine_import_free(import);
}

static void
adopt_cb(VitrineImport *import, const char *sentence, gpointer data)
{
  asked++;
  vitrine_import_adopt(import);
}

static gboolean
has_asked(Fixture *f, gpointer data)
{
  return asked == GPOINTER_TO_INT(data);
}

static gboolean
has_own(Fixture *f, gpointer data)
{
  return g_list_model_get_n_items(list(f, VITRINE_DIRECTION_YOURS)) == GPOINTER_TO_UINT(data);
}

static gboolean
has_dialog(Fixture *f, gpointer data)
{
  return vitrine_window_get_dialog(f->window) != NULL;
}

static void
save_set(const char *path, int w_dim, const char *model)
{
  g_autoptr(SgDirectionSet) set = sg_direction_set_new(w_dim, model, "test", "");
  g_autofree double *v = g_new0(double, w_dim);
  g_autoptr(GError) error = NULL;

  v[3] = 2;
  sg_direction_set_add(set, "three", v);
  sg_direction_set_save(set, path, &error);
  g_assert_no_error(error);
}

static void
test_files(void)
{
  Fixture f;
  g_autofree char *path = fixture_path("set.safetensors");
  g_autoptr(GFile) file = g_file_new_for_path(path);

  open_pane(&f);
  VitrineShelf *shelf = vitrine_explore_pane_get_shelf(pane(&f));
  const char *hash = vitrine_session_get_model(f.session)->hash;
  /* Of this model: at once. */
  save_set(path, 512, hash);
  vitrine_explore_pane_import(pane(&f), file);
  fixture_wait(&f, has_own, GUINT_TO_POINTER(1), 20);
  g_assert_false(vitrine_direction_is_foreign(own(&f, 0)));
  /* Of another one: asked, and marked if it is taken all the same. */
  save_set(path, 512, "0123");
  vitrine_direction_exchange_import(shelf, file, refuse_cb, NULL, NULL);
  fixture_wait(&f, has_asked, GINT_TO_POINTER(1), 20);
  g_assert_true(has_own(&f, GUINT_TO_POINTER(1)));
  vitrine_direction_exchange_import(shelf, file, adopt_cb, NULL, NULL);
  fixture_wait(&f, has_own, GUINT_TO_POINTER(2), 20);
  g_assert_true(vitrine_direction_is_foreign(own(&f, 0)) !=
                vitrine_direction_is_foreign(own(&f, 1)));
  g_assert_cmpstr(vitrine_direction_get_name(own(&f, 0)), !=,
                  vitrine_direction_get_name(own(&f, 1)));
  /* Of another length: refused in a sentence. */
  save_set(path, 64, hash);
  vitrine_explore_pane_import(pane(&f), file);
  fixture_wait(&f, has_dialog, NULL, 20);
  g_assert_true(has_own(&f, GUINT_TO_POINTER(2)));
  /* Out and in again: nothing gets lost. */
  g_autofree char *out = fixture_path("out.safetensors");
  g_autoptr(GFile) out_file = g_file_new_for_path(out);
  vitrine_direction_exchange_export(shelf, NULL, out_file);
  fixture_wait(&f, is_saved, out, 20);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgDirectionSet) again = sg_direction_set_load(out, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(again->list->len, ==, 2);
  g_assert_cmpstr(again->model, ==, hash);
  gtk_widget_activate_action(row(&f, "three"), "direction.delete", NULL);
  gtk_widget_activate_action(row(&f, "three 2"), "direction.delete", NULL);
  fixture_wait(&f, is_idle, NULL, 20);
  fixture_close(&f);
}

/* ---- pointing ---------------------------------------------------------------------------- */

static VitrinePointList *
point_list(Fixture *f)
{
  return VITRINE_POINT_LIST(fixture_part(f, "explore-point-list"));
}

static gboolean
has_answer(Fixture *f, gpointer data)
{
  return vitrine_point_list_is_current(point_list(f)) &&
         g_list_model_get_n_items(vitrine_point_list_get_list(point_list(f))) > 0;
}

static char *
first_of_spot(Fixture *f)
{
  g_autoptr(VitrineDirection) d =
      g_list_model_get_item(vitrine_point_list_get_list(point_list(f)), 0);
  return g_strdup(vitrine_direction_get_name(d));
}

static void
test_point(void)
{
  const VitrineSpotArea background = {0, 0, 6, 6}, eyes = {26, 28, 12, 6};
  Fixture f;

  open_pane(&f);
  VitrineSpot *spot = vitrine_session_get_spot(f.session);
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(fixture_part(&f, "explore-point")), TRUE);
  g_assert_true(vitrine_spot_get_active(spot));
  vitrine_spot_set_area(spot, &background, TRUE);
  fixture_wait(&f, has_answer, NULL, 30);
  g_autofree char *far = first_of_spot(&f);
  vitrine_spot_set_area(spot, &eyes, TRUE);
  fixture_wait(&f, has_answer, NULL, 30);
  g_autofree char *near = first_of_spot(&f);
  g_assert_cmpstr(far, !=, near); /* another spot, another order */
  g_test_message("the ranking took %.0f ms", 1e3 * vitrine_point_list_get_seconds(point_list(&f)));
  /* Each of the first ten was moved. */
  GListModel *all = vitrine_point_list_get_list(point_list(&f));
  for (guint i = 0; i < 10; i++) {
    g_autoptr(VitrineDirection) d = g_list_model_get_item(all, i);
    g_autofree char *details = NULL;
    g_object_get(d, "details", &details, NULL);
    g_assert_nonnull(strstr(details, "measured"));
  }
  /* Pulled sideways the best one moves, as one step of the history. */
  g_autoptr(VitrineDirection) best = g_list_model_get_item(all, 0);
  fixture_settle(&f);
  g_autofree char *before = fixture_screen_hash(&f);
  vitrine_spot_grasp(spot);
  vitrine_spot_pull(spot, 0.5);
  vitrine_spot_pull(spot, 1.5);
  vitrine_spot_release(spot);
  g_assert_cmpfloat_with_epsilon(vitrine_direction_get_strength(best), 1.5, 1e-9);
  fixture_settle(&f);
  g_autofree char *after = fixture_screen_hash(&f);
  g_assert_cmpstr(before, !=, after);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_cmpfloat(vitrine_direction_get_strength(best), ==, 0);
  g_assert_false(sg_recipe_is_modified(fixture_recipe(&f)));
  /* Off again, the lists are back and nothing is marked. */
  vitrine_spot_set_active(spot, FALSE);
  g_assert_cmpint(vitrine_spot_get_area(spot).width, ==, 0);
  g_assert_false(
      gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(fixture_part(&f, "explore-point"))));
  g_assert_true(gtk_widget_get_mapped(row(&f, "S 1")));
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
  g_test_add_func("/explore/own", test_own);
  g_test_add_func("/explore/lock", test_lock);
  g_test_add_func("/explore/files", test_files);
  g_test_add_func("/explore/point", test_point);
  return g_test_run();
}
