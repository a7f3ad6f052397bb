/* The mixing pane in the real window, through its widgets: what they do ends in the recipe, and the
 * picture is the one another renderer makes of it. */
#include "tests/support/window-fixture.h"
#include <string.h>
#include "engine/explore/mix.h"
#include "engine/formats/npy.h"
#include "engine/pictures/picture.h"
#include "ui/mixing/vitrine-mixing-pane.h"
#include "ui/shell/vitrine-side.h"

static void
click(Fixture *f, const char *name)
{
  g_signal_emit_by_name(fixture_part(f, name), "clicked");
  fixture_settle(f);
}

static GtkWidget *
find_side(GtkWidget *root)
{
  GtkWidget *found = VITRINE_IS_SIDE(root) ? root : NULL;
  for (GtkWidget *child = gtk_widget_get_first_child(root); child && !found;
       child = gtk_widget_get_next_sibling(child))
    found = find_side(child);
  return found;
}

static void
open_mixing(Fixture *f)
{
  fixture_forget_state();
  fixture_open(f, NULL);
  vitrine_side_show(VITRINE_SIDE(find_side(GTK_WIDGET(f->window))), "mixing");
  fixture_settle(f);
}

static guint8 *
texture_rgb(GdkTexture *texture, gsize *pixels)
{
  int w = gdk_texture_get_width(texture), h = gdk_texture_get_height(texture);
  guint8 *rgb = g_malloc((gsize)w * (gsize)h * 4);

  *pixels = (gsize)w * (gsize)h;
  gdk_texture_download(texture, rgb, (gsize)w * 4); /* B, G, R, A */
  for (gsize i = 0; i < *pixels; i++) {
    guint8 b = rgb[4 * i], g = rgb[4 * i + 1], r = rgb[4 * i + 2];
    rgb[3 * i] = r;
    rgb[3 * i + 1] = g;
    rgb[3 * i + 2] = b;
  }
  return rgb;
}

/* What is shown is what a fresh renderer makes of `expected`. */
static void
assert_shows(Fixture *f, const SgRecipe *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRenderer) r = sg_renderer_new(vitrine_session_get_model(f->session), NULL, &error);
  g_autoptr(SgPicture) picture = sg_renderer_render(r, expected, 0, &error);
  gsize n;
  g_autofree guint8 *shown =
      texture_rgb(vitrine_view_get_texture(vitrine_session_get_view(f->session)), &n);

  g_assert_no_error(error);
  g_assert_cmpmem(shown, n * 3, picture->rgb, (gsize)picture->width * (gsize)picture->height * 3);
}

/* Seed 0 with layers from `first` to `last` of seed 7. */
static SgRecipe *
expected_mix(Fixture *f, int first, int last, double blend)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS] = {{0}};
  SgRecipe *r = sg_recipe_new(fixture_recipe(f)->z_dim, fixture_recipe(f)->w_dim);
  g_autoptr(SgRecipe) other = sg_recipe_copy(r);

  other->seed = 7;
  sg_recipe_add_source(r, other);
  for (int k = first; k <= last; k++)
    mix[k] = (SgMixLayer){blend < 1 ? 0 : 1, blend < 1 ? 1 : 0, blend < 1 ? blend : 0};
  sg_recipe_set_mix(r, vitrine_session_get_model(f->session)->info.num_ws, mix);
  return r;
}

static void
add_seed(Fixture *f, double seed)
{
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_part(f, "mix-new-seed")), seed);
  click(f, "mix-add-seed");
}

static void
test_presets(void)
{
  Fixture f;
  open_mixing(&f);
  int last = vitrine_session_get_model(f.session)->info.num_ws - 1;
  g_autofree char *before = fixture_screen_hash(&f);

  add_seed(&f, 7);
  g_assert_cmpint(fixture_recipe(&f)->num_sources, ==, 1);
  g_assert_cmpuint(fixture_recipe(&f)->sources[0]->seed, ==, 7);
  g_autofree char *added = fixture_screen_hash(&f);
  g_assert_cmpstr(added, ==, before); /* a source alone changes nothing */
  click(&f, "mix-coarse");
  g_autoptr(SgRecipe) coarse = expected_mix(&f, 0, 2, 1); /* 4, 8 and 8 pixels */
  assert_shows(&f, coarse);
  g_autofree char *mixed = fixture_screen_hash(&f);
  g_assert_cmpstr(mixed, !=, before);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_autofree char *undone = fixture_screen_hash(&f);
  g_assert_cmpstr(undone, ==, before);
  g_assert_cmpuint(gtk_drop_down_get_selected(GTK_DROP_DOWN(fixture_part(&f, "mix-a-0"))), ==, 0);
  click(&f, "mix-fine");
  g_autoptr(SgRecipe) fine = expected_mix(&f, 7, last, 1); /* from 64 pixels on */
  assert_shows(&f, fine);
  click(&f, "mix-clear");
  g_assert_null(fixture_recipe(&f)->mix);
  fixture_close(&f);
}

static void
test_blend(void)
{
  Fixture f;
  open_mixing(&f);
  int n = vitrine_session_get_model(f.session)->info.num_ws;

  add_seed(&f, 7);
  gtk_range_set_value(GTK_RANGE(fixture_part(&f, "mix-blend-1")), 0.25);
  fixture_settle(&f);
  g_autoptr(SgRecipe) blended = expected_mix(&f, 1, 1, 0.25);
  assert_shows(&f, blended);
  /* The other face's name is at the right end, where there is most of it, as in the rows. */
  g_assert_true(gtk_range_get_inverted(GTK_RANGE(fixture_part(&f, "mix-crossover"))));
  gtk_range_set_value(GTK_RANGE(fixture_part(&f, "mix-crossover")), 4);
  fixture_settle(&f);
  g_autoptr(SgRecipe) crossed = expected_mix(&f, 4, n - 1, 1);
  assert_shows(&f, crossed);
  click(&f, "mix-swap");
  g_autoptr(SgRecipe) swapped = expected_mix(&f, 0, 3, 1);
  assert_shows(&f, swapped);
  gtk_drop_down_set_selected(GTK_DROP_DOWN(fixture_part(&f, "mix-a-3")), 0);
  fixture_settle(&f);
  g_autoptr(SgRecipe) row = expected_mix(&f, 0, 2, 1);
  assert_shows(&f, row);
  fixture_close(&f);
}

static void
test_sources(void)
{
  Fixture f;
  open_mixing(&f);
  add_seed(&f, 7);
  add_seed(&f, 9);
  click(&f, "mix-add-face");
  g_assert_cmpint(fixture_recipe(&f)->num_sources, ==, 3);
  click(&f, "mix-remove-1");
  g_assert_cmpint(fixture_recipe(&f)->num_sources, ==, 2);
  g_assert_cmpuint(fixture_recipe(&f)->sources[0]->seed, ==, 9);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_part(&f, "mix-seed-1")), 12);
  fixture_settle(&f);
  g_assert_cmpuint(fixture_recipe(&f)->sources[0]->seed, ==, 12);
  click(&f, "mix-keep-1");
  g_assert_cmpuint(fixture_recipe(&f)->seed, ==, 12);
  g_assert_cmpuint(fixture_recipe(&f)->sources[0]->seed, ==, 0);
  for (int i = 0; i < 8; i++)
    click(&f, "mix-add-seed");
  g_assert_cmpint(fixture_recipe(&f)->num_sources, ==, SG_RECIPE_MAX_SOURCES);
  g_assert_false(gtk_widget_get_sensitive(fixture_part(&f, "mix-add-seed")));
  fixture_close(&f);
}

static void
message_cb(VitrineSession *session, const char *text, gboolean is_error, GString *said)
{
  g_string_append(said, text);
}

static gboolean
was_said(Fixture *f, gpointer said)
{
  return ((GString *)said)->len > 0;
}

static gboolean
has_source(Fixture *f, gpointer data)
{
  return fixture_recipe(f)->num_sources == 1;
}

static void
test_files(void)
{
  Fixture f;
  g_autoptr(GString) said = g_string_new(NULL);
  open_mixing(&f);
  VitrineMixingPane *pane = VITRINE_MIXING_PANE(fixture_part(&f, "mixing-pane"));
  g_autofree char *path = fixture_path("mix-w.npy");
  g_autofree double *w = g_new0(double, fixture_recipe(&f)->w_dim);
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFile) none = g_file_new_for_path("/nowhere.png");

  w[3] = 1.5;
  g_assert_true(sg_npy_write_double(path, fixture_recipe(&f)->w_dim, w, NULL));
  vitrine_editor_set_space(vitrine_session_get_editor(f.session), SG_SPACE_W);
  vitrine_mixing_pane_add_file(pane, file);
  g_assert_cmpint(fixture_recipe(&f)->num_sources, ==, 0); /* a worker reads it */
  fixture_wait(&f, has_source, NULL, 20);
  g_assert_cmpfloat(fixture_recipe(&f)->sources[0]->w_base[3], ==, 1.5);
  g_signal_connect(f.session, "message", G_CALLBACK(message_cb), said);
  vitrine_mixing_pane_add_file(pane, none);
  fixture_wait(&f, was_said, said, 20);
  g_assert_nonnull(strstr(said->str, "/nowhere.png"));
  g_assert_cmpint(fixture_recipe(&f)->num_sources, ==, 1);
  g_signal_handlers_disconnect_by_func(f.session, message_cb, said);
  fixture_close(&f);
}

/* A picture of seed 12 with a w of its own, saved with its recipe, comes back as a source, vector
 * and all. */
static void
test_picture(void)
{
  Fixture f;
  guint8 grey[3] = {127, 127, 127};
  g_autoptr(GString) said = g_string_new(NULL);
  open_mixing(&f);
  VitrineMixingPane *pane = VITRINE_MIXING_PANE(fixture_part(&f, "mixing-pane"));
  g_autofree char *path = fixture_path("mix-face.png");
  g_autofree char *bare = fixture_path("mix-bare.png");
  g_autoptr(GFile) file = g_file_new_for_path(path), none = g_file_new_for_path(bare);
  g_autoptr(SgRecipe) saved = sg_recipe_new(fixture_recipe(&f)->z_dim, fixture_recipe(&f)->w_dim);

  saved->seed = 12;
  saved->w_base = g_new0(double, saved->w_dim);
  saved->w_base[2] = -0.75;
  g_autofree char *json = sg_recipe_to_json(saved, NULL, NULL);
  g_assert_true(sg_png_write(path, grey, 1, 1, json, NULL));
  g_assert_true(sg_png_write(bare, grey, 1, 1, NULL, NULL));
  vitrine_mixing_pane_add_file(pane, file);
  fixture_wait(&f, has_source, NULL, 20);
  fixture_settle(&f);
  g_assert_cmpuint(fixture_recipe(&f)->sources[0]->seed, ==, 12);
  g_assert_cmpfloat(fixture_recipe(&f)->sources[0]->w_base[2], ==, -0.75);
  g_assert_cmpfloat(gtk_spin_button_get_value(GTK_SPIN_BUTTON(fixture_part(&f, "mix-seed-1"))), ==,
                    12);
  g_signal_connect(f.session, "message", G_CALLBACK(message_cb), said);
  vitrine_mixing_pane_add_file(pane, none);
  fixture_wait(&f, was_said, said, 20);
  g_assert_nonnull(strstr(said->str, "mix-bare.png"));
  g_assert_cmpint(fixture_recipe(&f)->num_sources, ==, 1);
  g_signal_handlers_disconnect_by_func(f.session, message_cb, said);
  fixture_close(&f);
}

/* With one face alone the page says what to do, and does it. */
static void
test_hint(void)
{
  Fixture f;
  open_mixing(&f);
  g_assert_true(gtk_widget_get_mapped(fixture_part(&f, "mix-hint")));
  click(&f, "mix-hint-add");
  fixture_settle(&f);
  g_assert_cmpint(fixture_recipe(&f)->num_sources, ==, 1);
  g_assert_false(gtk_widget_get_visible(fixture_part(&f, "mix-hint")));
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_assert_true(gtk_widget_get_mapped(fixture_part(&f, "mix-hint")));
  fixture_close(&f);
}

/* Other seeds for the sources, the same face, one step to undo. */
static void
test_shuffle(void)
{
  Fixture f;
  open_mixing(&f);
  g_assert_false(gtk_widget_get_sensitive(fixture_part(&f, "mix-shuffle")));
  add_seed(&f, 7);
  add_seed(&f, 9);
  click(&f, "mix-shuffle");
  guint32 b = fixture_recipe(&f)->sources[0]->seed, c = fixture_recipe(&f)->sources[1]->seed;
  g_assert_false(b == 7 && c == 9);
  g_assert_cmpuint(b, !=, c);
  g_assert_cmpuint(fixture_recipe(&f)->seed, ==, 0);
  g_assert_cmpfloat(gtk_spin_button_get_value(GTK_SPIN_BUTTON(fixture_part(&f, "mix-seed-2"))), ==,
                    c);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_assert_cmpuint(fixture_recipe(&f)->sources[0]->seed, ==, 7);
  g_assert_cmpuint(fixture_recipe(&f)->sources[1]->seed, ==, 9);
  g_assert_cmpfloat(gtk_spin_button_get_value(GTK_SPIN_BUTTON(fixture_part(&f, "mix-seed-2"))), ==,
                    9);
  fixture_close(&f);
}

static gboolean
has_paintable(Fixture *f, gpointer name)
{
  GtkWidget *picture = gtk_button_get_child(GTK_BUTTON(fixture_part(f, name)));
  return gtk_picture_get_paintable(GTK_PICTURE(picture)) != NULL;
}

/* A cell shows what a click on it makes. */
static void
test_grid(void)
{
  Fixture f;
  open_mixing(&f);
  add_seed(&f, 7);
  fixture_wait(&f, has_paintable, (gpointer) "mix-cell-0-1", 20);
  GtkWidget *picture = gtk_button_get_child(GTK_BUTTON(fixture_part(&f, "mix-cell-0-1")));
  gsize n, m;
  g_autofree guint8 *small =
      texture_rgb(GDK_TEXTURE(gtk_picture_get_paintable(GTK_PICTURE(picture))), &n);
  g_autoptr(SgRecipe) coarse = expected_mix(&f, 0, 2, 1);
  GtkWidget *cell = fixture_part(&f, "mix-cell-0-1");
  g_assert_true(gtk_widget_grab_focus(cell)); /* as the keyboard does */
  g_assert_true(gtk_widget_activate(cell));
  fixture_run_for(0.5);
  fixture_settle(&f);
  assert_shows(&f, coarse);
  g_autofree guint8 *large =
      texture_rgb(vitrine_view_get_texture(vitrine_session_get_view(f.session)), &m);
  g_assert_cmpmem(small, n * 3, large, m * 3); /* the bundled model is as small as the cells */

  /* A lower row leaves no layer to the face itself; the choice of layers stays. */
  add_seed(&f, 9);
  click(&f, "mix-cell-1-2");
  for (int k = 0; k < fixture_recipe(&f)->num_mix; k++)
    g_assert_cmpint(fixture_recipe(&f)->mix[k].a, ==, k < 3 ? 2 : 1);
  click(&f, "mix-cell-0-2");
  for (int k = 0; k < fixture_recipe(&f)->num_mix; k++)
    g_assert_cmpint(fixture_recipe(&f)->mix[k].a, ==, k < 3 ? 2 : 0);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/mixing/presets", test_presets);
  g_test_add_func("/mixing/blend", test_blend);
  g_test_add_func("/mixing/sources", test_sources);
  g_test_add_func("/mixing/files", test_files);
  g_test_add_func("/mixing/picture", test_picture);
  g_test_add_func("/mixing/hint", test_hint);
  g_test_add_func("/mixing/shuffle", test_shuffle);
  g_test_add_func("/mixing/grid", test_grid);
  return g_test_run();
}
