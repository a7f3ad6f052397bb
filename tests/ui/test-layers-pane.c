/* The layers pane in the real window: what it shows is what the network computes for the face on
 * the screen, and its noise controls end in the recipe. */
#include <glib/gstdio.h>
#include <string.h>
#include "app/channels/vitrine-channel-faces.h"
#include "engine/explore/causes/channel-sample.h"
#include "engine/explore/probe.h"
#include "engine/pictures/picture.h"
#include "tests/support/window-fixture.h"
#include "ui/layers/vitrine-dissect-box.h"
#include "ui/layers/vitrine-layers-pane.h"
#include "ui/parts/vitrine-noise-list.h"
#include "ui/parts/vitrine-pixels.h"
#include "ui/shell/vitrine-side.h"

static gboolean
is_current(Fixture *f, gpointer data)
{
  return vitrine_layers_pane_is_current(data);
}

static VitrineLayersPane *
open_pane(Fixture *f)
{
  fixture_forget_state();
  fixture_open(f, NULL);
  gtk_widget_activate_action(GTK_WIDGET(f->window), "win.show-pane", "s", "layers");
  VitrineLayersPane *pane = VITRINE_LAYERS_PANE(fixture_part(f, "layers-pane"));
  fixture_wait(f, is_current, pane, 20);
  return pane;
}

static GBytes *
pixels(GdkTexture *texture)
{
  gsize stride = (gsize)gdk_texture_get_width(texture) * 4,
        size = stride * (gsize)gdk_texture_get_height(texture);
  guchar *data = g_malloc(size);
  gdk_texture_download(texture, data, stride);
  return g_bytes_new_take(data, size);
}

static GdkTexture *
shown(Fixture *f, const char *name)
{
  return vitrine_pixels_get_texture(
      VITRINE_PIXELS(gtk_picture_get_paintable(GTK_PICTURE(fixture_part(f, name)))));
}

/* The mean over channels of `stage`, straight from the engine, is what the pane shows. */
static void
assert_mean(Fixture *f, guint stage)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRenderer) r = sg_renderer_new(vitrine_session_get_model(f->session), NULL, &error);
  g_autoptr(SgProbe) p = sg_probe_run(r, fixture_recipe(f), stage, &error);
  g_assert_no_error(error);
  const SgTensor *a = p->activation;
  gsize n = (gsize)(a->shape[1] * a->shape[2]);
  GdkTexture *texture = shown(f, "layer-channel");
  g_assert_cmpint(gdk_texture_get_width(texture), ==, (int)a->shape[2]);
  g_autoptr(GBytes) bytes = pixels(texture);
  const guint8 *seen = g_bytes_get_data(bytes, NULL);
  g_autofree double *mean = g_new0(double, n);
  double low = G_MAXDOUBLE, high = -G_MAXDOUBLE;
  for (gsize i = 0; i < n; i++) {
    for (gint64 c = 0; c < a->shape[0]; c++)
      mean[i] += (double)a->data[(gsize)c * n + i];
    low = MIN(low, mean[i]);
    high = MAX(high, mean[i]);
  }
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon((mean[i] - low) / (high - low) * 255, seen[i * 4], 1);
}

static void
test_activation(void)
{
  Fixture f;
  VitrineLayersPane *pane = open_pane(&f);

  assert_mean(&f, 0);
  vitrine_layers_pane_show(pane, 5, -1);
  fixture_wait(&f, is_current, pane, 20);
  assert_mean(&f, 5);
  g_autoptr(GBytes) before = pixels(shown(&f, "layer-grid"));
  /* It follows the face. */
  vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 7);
  g_assert_false(vitrine_layers_pane_is_current(pane));
  fixture_wait(&f, is_current, pane, 20);
  assert_mean(&f, 5);
  g_autoptr(GBytes) after = pixels(shown(&f, "layer-grid"));
  g_assert_false(g_bytes_equal(before, after));
  /* A channel, its numbers, and back by keyboard range. */
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_part(&f, "layer-channel-spin")), 3);
  g_assert_nonnull(strstr(gtk_label_get_text(GTK_LABEL(fixture_part(&f, "layer-numbers"))),
                          "standard deviation"));
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_part(&f, "layer-channel-spin")), -1);
  assert_mean(&f, 5);
  /* One picture for each toRGB. */
  int children = 0;
  for (GtkWidget *c = gtk_widget_get_first_child(fixture_part(&f, "layer-contributions")); c;
       c = gtk_widget_get_next_sibling(c))
    children++;
  g_assert_cmpint(children, ==, 5);
  fixture_close(&f);
}

/* Enlarged seven times, an activation is seven by seven pixels of one colour. */
static void
test_pixels(void)
{
  Fixture f;
  open_pane(&f);
  GtkPicture *picture = GTK_PICTURE(fixture_part(&f, "layer-channel"));
  GdkTexture *texture = shown(&f, "layer-channel");
  int w = gdk_texture_get_width(texture), h = gdk_texture_get_height(texture), zoom = 7;
  GtkSnapshot *snapshot = gtk_snapshot_new();
  g_autoptr(GBytes) bytes = pixels(texture);
  const guint8 *want = g_bytes_get_data(bytes, NULL);

  g_assert_cmpint(w, ==, 4);
  gdk_paintable_snapshot(gtk_picture_get_paintable(picture), snapshot, w * zoom, h * zoom);
  g_autoptr(GskRenderNode) node = gtk_snapshot_free_to_node(snapshot);
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, w * zoom, h * zoom);
  cairo_t *cr = cairo_create(surface);
  gsk_render_node_draw(node, cr);
  cairo_destroy(cr);
  cairo_surface_flush(surface);
  const guint8 *data = cairo_image_surface_get_data(surface);
  int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < h * zoom; y++)
    for (int x = 0; x < w * zoom; x++)
      g_assert_cmpint(data[y * stride + x * 4], ==, want[(y / zoom * w + x / zoom) * 4]);
  cairo_surface_destroy(surface);
  fixture_close(&f);
}

static void
test_noise(void)
{
  Fixture f;
  open_pane(&f);
  fixture_settle(&f);
  g_autofree char *stored = fixture_screen_hash(&f);

  g_assert_cmpint(fixture_recipe(&f)->num_noise, ==, 0);
  gtk_check_button_set_active(GTK_CHECK_BUTTON(fixture_part(&f, "noise-all")), FALSE);
  fixture_settle(&f);
  g_autofree char *silent = fixture_screen_hash(&f);
  g_assert_cmpstr(silent, !=, stored);
  g_assert_cmpint(fixture_recipe(&f)->num_noise, ==, 9);
  for (int i = 0; i < 9; i++)
    g_assert_cmpfloat(fixture_recipe(&f)->noise_gain[i], ==, 0);
  /* Fine noise alone: only convolutions at 64 and above. */
  gtk_check_button_set_active(GTK_CHECK_BUTTON(fixture_part(&f, "noise-fine")), TRUE);
  g_assert_cmpfloat(fixture_recipe(&f)->noise_gain[8], ==, 1);
  g_assert_cmpfloat(fixture_recipe(&f)->noise_gain[6], ==, 0);
  g_assert_true(gtk_check_button_get_inconsistent(GTK_CHECK_BUTTON(fixture_part(&f, "noise-all"))));
  gtk_range_set_value(GTK_RANGE(fixture_part(&f, "noise-scale-6")), 1.5);
  g_assert_cmpfloat_with_epsilon(fixture_recipe(&f)->noise_gain[6], 1.5, 1e-9);
  g_assert_true(gtk_check_button_get_active(GTK_CHECK_BUTTON(fixture_part(&f, "noise-switch-6"))));
  /* Three steps back are the stored noise, to the last pixel. */
  for (int i = 0; i < 3; i++)
    vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_autofree char *back = fixture_screen_hash(&f);
  g_assert_cmpstr(back, ==, stored);
  g_assert_true(gtk_check_button_get_active(GTK_CHECK_BUTTON(fixture_part(&f, "noise-switch-0"))));
  vitrine_editor_redo(vitrine_session_get_editor(f.session));
  g_signal_emit_by_name(fixture_part(&f, "noise-reset"), "clicked");
  g_assert_cmpint(fixture_recipe(&f)->num_noise, ==, 0);
  fixture_close(&f);
}

/* A layer that pruning has emptied is told as dead. */
static void
test_dead(void)
{
  Fixture f;
  VitrineLayersPane *pane = open_pane(&f);
  GtkWidget *summary = fixture_part(&f, "layer-summary");

  g_assert_nonnull(strstr(gtk_label_get_text(GTK_LABEL(summary)), "none dead"));
  SgRecipe *edited = sg_recipe_copy(fixture_recipe(&f));
  sg_prune_set_layer(&edited->prune, "synthesis.b4.conv1.weight", 1e9);
  edited->noise_mode = SG_NOISE_NONE;
  vitrine_session_apply(f.session, edited, "Emptied", NULL);
  fixture_wait(&f, is_current, pane, 20);
  g_assert_nonnull(strstr(gtk_label_get_text(GTK_LABEL(summary)), "128 of them dead"));
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_wait(&f, is_current, pane, 20);
  g_assert_nonnull(strstr(gtk_label_get_text(GTK_LABEL(summary)), "none dead"));
  fixture_close(&f);
}

/* ---- what a channel does ----------------------------------------------------------------- */

static gboolean
is_dissected(Fixture *f, gpointer data)
{
  return vitrine_dissect_box_is_current(data);
}

static const char *
numbers(Fixture *f)
{
  return gtk_label_get_text(GTK_LABEL(fixture_part(f, "dissect-numbers")));
}

static GBytes *
dissected(Fixture *f, VitrineDissectBox *box, guint act)
{
  gtk_drop_down_set_selected(GTK_DROP_DOWN(fixture_part(f, "dissect-act")), act);
  fixture_wait(f, is_dissected, box, 20);
  return act ? pixels(shown(f, "dissect-picture")) : NULL;
}

static VitrineDissectBox *
box_of(Fixture *f)
{
  GtkWidget *act = fixture_part(f, "dissect-act");

  return VITRINE_DISSECT_BOX(gtk_widget_get_ancestor(act, VITRINE_TYPE_DISSECT_BOX));
}

/* Pixels that differ, of those in the area and of the others. */
static void
count_changes(GBytes *a, GBytes *b, int width, VitrineSpotArea area, int *inside, int *outside)
{
  const guint8 *p = g_bytes_get_data(a, NULL), *q = g_bytes_get_data(b, NULL);
  int count = (int)g_bytes_get_size(a) / 4;

  *inside = *outside = 0;
  for (int i = 0; i < count; i++) {
    int x = i % width, y = i / width;
    gboolean in = x >= area.x && y >= area.y && x < area.x + area.width && y < area.y + area.height;
    if (memcmp(p + 4 * i, q + 4 * i, 3) != 0)
      ++*(in ? inside : outside);
  }
}

/* Muted, alone, added to: each gives another picture, with the discriminator's score before and
 * after, and the recipe stays; a spot on the picture holds what is changed. */
static void
test_dissect(void)
{
  Fixture f;
  VitrineLayersPane *pane = open_pane(&f);
  VitrineSpot *spot = vitrine_session_get_spot(f.session);
  g_autoptr(SgRecipe) before = sg_recipe_copy(fixture_recipe(&f));
  VitrineDissectBox *box = box_of(&f);
  int size = vitrine_session_get_model(f.session)->info.img_resolution, inside, outside;

  vitrine_layers_pane_show(pane, 9, -1);
  fixture_wait(&f, is_current, pane, 20);
  g_assert_nonnull(strstr(numbers(&f), "Choose a channel"));
  g_assert_false(gtk_widget_is_sensitive(fixture_part(&f, "dissect-act")));
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_part(&f, "layer-channel-spin")), 3);
  g_assert_true(gtk_widget_is_sensitive(fixture_part(&f, "dissect-act")));
  g_autoptr(GBytes) mute = dissected(&f, box, 1), solo = dissected(&f, box, 2);
  g_assert_nonnull(strstr(numbers(&f), "Score"));
  g_assert_null(strstr(numbers(&f), "elsewhere"));
  g_autoptr(GBytes) add = dissected(&f, box, 3);
  g_assert_false(g_bytes_equal(mute, solo) || g_bytes_equal(solo, add) || g_bytes_equal(mute, add));
  g_assert_true(gtk_widget_get_sensitive(fixture_part(&f, "dissect-amount")));
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_part(&f, "dissect-amount")), 0);
  fixture_wait(&f, is_dissected, box, 20);
  g_autoptr(GBytes) plain = pixels(shown(&f, "dissect-picture"));
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_part(&f, "dissect-amount")), 40);
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(fixture_part(&f, "dissect-here")), TRUE);
  g_assert_true(vitrine_spot_get_active(spot));
  g_assert_nonnull(strstr(numbers(&f), "Mark a spot"));
  vitrine_spot_set_area(spot, &(VitrineSpotArea){size / 4, size / 4, size / 4, size / 4}, TRUE);
  fixture_wait(&f, is_dissected, box, 20);
  g_assert_nonnull(strstr(numbers(&f), "elsewhere"));
  g_autoptr(GBytes) here = pixels(shown(&f, "dissect-picture"));
  /* What is behind the layer spreads some pixels beyond the spot. */
  count_changes(plain, here, size,
                (VitrineSpotArea){size / 4 - 8, size / 4 - 8, size / 4 + 16, size / 4 + 16},
                &inside, &outside);
  g_assert_cmpint(inside, >, size);
  g_assert_cmpint(outside, <, inside / 10);
  g_assert_true(sg_recipe_equal(before, fixture_recipe(&f)));
  dissected(&f, box, 0);
  g_assert_false(gtk_widget_get_visible(fixture_part(&f, "dissect-picture")));
  gtk_widget_activate_action(GTK_WIDGET(f.window), "win.show-pane", "s", "latent");
  g_assert_false(vitrine_spot_get_active(spot)); /* who looks elsewhere marks nothing */
  fixture_close(&f);
}

static gboolean
is_saved(Fixture *f, gpointer path)
{
  return g_file_test(path, G_FILE_TEST_EXISTS) &&
         !vitrine_saver_is_saving(vitrine_session_get_saver(f->session));
}

/* What is saved opens again as the face before. */
static void
test_dissect_saved(void)
{
  g_autoptr(GError) error = NULL;
  Fixture f;
  VitrineLayersPane *pane = open_pane(&f);
  g_autofree char *path = fixture_path("before-after.png");
  g_autoptr(GFile) file = g_file_new_for_path(path);

  vitrine_layers_pane_show(pane, 9, 3);
  fixture_wait(&f, is_current, pane, 20);
  g_autoptr(GBytes) mute = dissected(&f, box_of(&f), 1);
  vitrine_dissect_box_save(box_of(&f), file);
  fixture_wait(&f, is_saved, path, 20);
  g_autofree char *json = sg_png_read_recipe(path, &error);
  g_assert_no_error(error);
  g_autoptr(SgRecipe) r = sg_recipe_from_json(json, -1, NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(r->seed, ==, fixture_recipe(&f)->seed);
  /* Where no file can be written it says so. */
  g_autoptr(GFile) nowhere = g_file_new_for_uri("smb://nowhere/before-after.png");
  vitrine_dissect_box_save(box_of(&f), nowhere);
  /* A toRGB has no channels of its own to change. */
  vitrine_layers_pane_show(pane, 1, 0);
  fixture_wait(&f, is_current, pane, 20);
  fixture_wait(&f, is_dissected, box_of(&f), 20);
  g_assert_nonnull(strstr(numbers(&f), "convolution"));
  g_assert_false(gtk_widget_get_sensitive(fixture_part(&f, "dissect-save")));
  fixture_close(&f);
}

static gboolean
are_faces_there(Fixture *f, gpointer data)
{
  GtkWidget *tile = fixture_find(GTK_WIDGET(f->window), "extreme-least-8");

  return tile && gtk_widget_get_mapped(tile) &&
         gtk_picture_get_paintable(GTK_PICTURE(gtk_button_get_child(GTK_BUTTON(tile))));
}

/* The sample is in the cache already, as the command would have left it: the pane shows the faces
 * that the engine says, and a click opens one. */
static void
test_extremes(void)
{
  enum { CHANNEL = 7, STAGE = 3 };
  g_autoptr(GError) error = NULL;
  Fixture f;
  int most[9];
  VitrineLayersPane *pane = open_pane(&f);
  SgModel *model = vitrine_session_get_model(f.session);
  g_autoptr(SgRenderer) r = sg_renderer_new(model, NULL, &error);
  g_autoptr(SgChannelSample) s = sg_channel_sample_begin(r, VITRINE_CHANNEL_SAMPLES, -1, &error);
  g_autofree char *path = sg_channel_sample_path(model->hash, VITRINE_CHANNEL_SAMPLES, -1);
  g_autofree char *folder = g_path_get_dirname(path);

  for (int i = 0, drawn = 0; i < 4; i++) /* the others count as 0 */
    drawn = sg_channel_sample_draw(s, r, drawn, &error);
  g_assert_no_error(error);
  g_mkdir_with_parents(folder, 0700);
  g_assert_true(sg_channel_sample_save(s, path, model->hash, &error));
  vitrine_layers_pane_show(pane, STAGE, CHANNEL);
  fixture_wait(&f, is_current, pane, 20);
  g_assert_cmpint(sg_channel_sample_extremes(s, STAGE, CHANNEL, TRUE, 9, most), ==, 9);
  g_signal_emit_by_name(fixture_part(&f, "extremes-ask"), "clicked");
  fixture_wait(&f, are_faces_there, NULL, 60);
  g_signal_emit_by_name(fixture_part(&f, "extreme-most-2"), "clicked");
  g_assert_cmpuint(fixture_recipe(&f)->seed, ==, (guint32)most[2]);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_cmpuint(fixture_recipe(&f)->seed, !=, (guint32)most[2]);
  fixture_close(&f);
  g_remove(path);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/layers/activation", test_activation);
  g_test_add_func("/layers/pixels", test_pixels);
  g_test_add_func("/layers/noise", test_noise);
  g_test_add_func("/layers/dead", test_dead);
  g_test_add_func("/layers/dissect", test_dissect);
  g_test_add_func("/layers/dissect-saved", test_dissect_saved);
  g_test_add_func("/layers/extremes", test_extremes);
  return g_test_run();
}
