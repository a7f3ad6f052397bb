/* The window end to end, on the bundled model, through the widgets a person uses. */
#include "tests/support/window-fixture.h"
#include <glib/gstdio.h>
#include <string.h>
#include "app/session/vitrine-store.h"
#include "engine/pictures/picture.h"
#include "ui/canvas/vitrine-canvas-private.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-path.h"
#include "ui/shell/vitrine-window-private.h"

#define FRAME_MSEC 16.7

static GtkAdjustment *
dimension(Fixture *f, int dim)
{
  g_autofree char *name = g_strdup_printf("dim-scale-%d", dim);
  GtkWidget *scale = fixture_find(GTK_WIDGET(f->window), name);

  g_assert_nonnull(scale);
  return gtk_range_get_adjustment(GTK_RANGE(scale));
}

/* Value as the row shows it: base + offset. */
static double
shown_z(Fixture *f, int dim)
{
  return vitrine_view_get_base(vitrine_session_get_view(f->session), SG_SPACE_Z)[dim] +
         vitrine_session_get_recipe(f->session)->z_offset[dim];
}

static void
activate(Fixture *f, const char *action)
{
  g_assert_true(gtk_widget_activate_action(GTK_WIDGET(f->window), action, NULL));
}

static void
test_drag_and_undo(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_autofree char *before = fixture_screen_hash(&f);
  gtk_adjustment_set_value(dimension(&f, 3), 10);
  fixture_settle(&f);
  g_autofree char *edited = fixture_screen_hash(&f);
  g_assert_cmpfloat_with_epsilon(shown_z(&f, 3), 10, 1e-9);
  g_assert_cmpstr(edited, !=, before);

  activate(&f, "win.undo");
  fixture_settle(&f);
  g_autofree char *undone = fixture_screen_hash(&f);
  g_assert_cmpstr(undone, ==, before);
  activate(&f, "win.redo");
  fixture_settle(&f);
  g_autofree char *redone = fixture_screen_hash(&f);
  g_assert_cmpstr(redone, ==, edited);

  /* Held to compare: exactly the unmodified picture (the tag beside it is another widget). */
  vitrine_canvas_set_show_original(vitrine_window_get_canvas(f.window), TRUE);
  g_autofree char *held = fixture_screen_hash(&f);
  g_assert_cmpstr(held, ==, before);
  vitrine_canvas_set_show_original(vitrine_window_get_canvas(f.window), FALSE);
  fixture_close(&f);
}

static gboolean
file_exists(Fixture *f, gpointer data)
{
  gboolean saving = TRUE;

  g_object_get(vitrine_session_get_saver(f->session), "saving", &saving, NULL);
  return !saving && g_file_test(data, G_FILE_TEST_EXISTS);
}

static gboolean
not_loading(Fixture *f, gpointer data)
{
  return !vitrine_opener_is_loading(vitrine_session_get_opener(f->session));
}

static void
open_file(Fixture *f, const char *path)
{
  g_autoptr(GFile) file = g_file_new_for_path(path);

  vitrine_opener_open(vitrine_session_get_opener(f->session), file);
  fixture_wait(f, not_loading, NULL, 20);
  fixture_settle(f);
}

static void
test_picture_round_trip(void)
{
  Fixture f;
  g_autofree char *path = fixture_path("round-trip.png");
  g_autoptr(GFile) file = g_file_new_for_path(path);

  fixture_forget_state();
  fixture_open(&f, NULL);
  gtk_adjustment_set_value(dimension(&f, 3), 10);
  gtk_adjustment_set_value(dimension(&f, 1), -7.5);
  fixture_settle(&f);
  g_autofree char *saved = fixture_screen_hash(&f);
  vitrine_saver_save_picture(vitrine_session_get_saver(f.session), file, NULL);
  fixture_wait(&f, file_exists, path, 20);

  activate(&f, "win.reset");
  activate(&f, "win.next-seed");
  fixture_settle(&f);
  g_autofree char *other = fixture_screen_hash(&f);
  g_assert_cmpstr(other, !=, saved);
  open_file(&f, path);
  g_autofree char *restored = fixture_screen_hash(&f);
  g_assert_cmpstr(restored, ==, saved);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(dimension(&f, 3)), 10, 1e-9);
  g_assert_cmpfloat_with_epsilon(gtk_adjustment_get_value(dimension(&f, 1)), -7.5, 1e-9);

  /* The file's pixels are the ones shown. */
  g_autofree guint8 *rgb = NULL;
  int width, height;
  g_autoptr(GError) error = NULL;
  g_assert_true(sg_picture_read(path, &rgb, &width, &height, &error));
  GdkTexture *texture = vitrine_view_get_texture(vitrine_session_get_view(f.session));
  g_autofree guint8 *shown = g_malloc((gsize)width * (gsize)height * 4);
  g_assert_cmpint(gdk_texture_get_width(texture), ==, width);
  gdk_texture_download(texture, shown, (gsize)width * 4);
  for (int i = 0; i < width * height; i++)
    g_assert_true(shown[4 * i + 2] == rgb[3 * i] && shown[4 * i + 1] == rgb[3 * i + 1] &&
                  shown[4 * i] == rgb[3 * i + 2]);
  fixture_close(&f);
}

static void
message_cb(VitrineSession *session, const char *text, gboolean is_error, char **last)
{
  if (!is_error)
    return;
  g_free(*last);
  *last = g_strdup(text);
}

/* Opening `path` must say something and change nothing. */
static void
check_refused(Fixture *f, const char *path)
{
  g_autofree char *before = fixture_screen_hash(f), *message = NULL;
  g_autoptr(SgRecipe) recipe = sg_recipe_copy(vitrine_session_get_recipe(f->session));
  SgModel *model = vitrine_session_get_model(f->session);
  gulong id = g_signal_connect(f->session, "message", G_CALLBACK(message_cb), &message);

  open_file(f, path);
  g_signal_handler_disconnect(f->session, id);
  if (!message || strlen(message) < 20)
    g_error("%s was not refused with a sentence: %s", path, message);
  g_assert_nonnull(vitrine_window_get_dialog(f->window));
  g_assert_true(vitrine_session_get_model(f->session) == model);
  g_assert_true(sg_recipe_equal(vitrine_session_get_recipe(f->session), recipe));
  g_autofree char *after = fixture_screen_hash(f);
  g_assert_cmpstr(after, ==, before);
}

static char *
write_file(const char *name, const char *data, gssize size)
{
  char *path = fixture_path(name);
  g_autoptr(GError) error = NULL;

  g_file_set_contents(path, data, size, &error);
  g_assert_no_error(error);
  return path;
}

/* A picture that Vitrine has not saved changes nothing, either, until its face is asked for
 * (test-project-dialog.c). */
static void
check_foreign(Fixture *f, const char *path)
{
  g_autoptr(SgRecipe) recipe = sg_recipe_copy(vitrine_session_get_recipe(f->session));
  SgModel *model = vitrine_session_get_model(f->session);
  GListModel *toplevels = gtk_window_get_toplevels();
  gboolean asked = FALSE;

  open_file(f, path);
  for (guint i = 0; i < g_list_model_get_n_items(toplevels); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(toplevels, i);
    asked = asked || g_strcmp0(gtk_widget_get_name(window), "project-dialog") == 0;
  }
  g_assert_true(asked);
  g_assert_true(vitrine_session_get_model(f->session) == model);
  g_assert_true(sg_recipe_equal(vitrine_session_get_recipe(f->session), recipe));
}

static void
test_bad_files(void)
{
  Fixture f;
  g_autofree char *text = write_file("not-a-model.pkl", "hello, this is no model at all\n", -1);
  g_autofree char *empty = write_file("empty.safetensors", "", 0);
  g_autofree char *huge = write_file("huge.safetensors", "\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10);
  g_autofree char *vector = write_file("short.npy", "\x93NUMPY\x01\x00\x10", 9);
  g_autofree char *png = write_file("broken.png", "\x89PNG\r\n\x1a\n broken", -1);
  g_autofree char *missing = fixture_path("vanished.pkl");
  g_autofree char *plain = fixture_path("plain.png");
  const guint8 rgb[4 * 4 * 3] = {0};
  const char *paths[] = {text, empty, huge, vector, png, missing, "/", "/dev/zero"};

  g_assert_true(sg_png_write(plain, rgb, 4, 4, NULL, NULL));
  fixture_forget_state();
  fixture_open(&f, NULL);
  gtk_adjustment_set_value(dimension(&f, 3), 10);
  fixture_settle(&f);
  for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
    check_refused(&f, paths[i]);
  check_foreign(&f, plain);
  fixture_close(&f);
}

/* Every text that a widget below `w` shows or tells a screen reader is UTF-8. */
static void
check_texts(GtkWidget *w)
{
  const char *tooltip = gtk_widget_get_tooltip_text(w);

  g_assert_true(!tooltip || g_utf8_validate(tooltip, -1, NULL));
  if (GTK_IS_LABEL(w))
    g_assert_true(g_utf8_validate(gtk_label_get_label(GTK_LABEL(w)), -1, NULL));
  for (GtkWidget *c = gtk_widget_get_first_child(w); c; c = gtk_widget_get_next_sibling(c))
    check_texts(c);
}

static gboolean
is_open(Fixture *f, gpointer path)
{
  VitrineOpener *opener = vitrine_session_get_opener(f->session);
  SgModel *model = vitrine_session_get_model(f->session);

  return model && !vitrine_opener_is_loading(opener) && g_strcmp0(model->path, path) == 0;
}

/* A model, and a file that cannot be read, with names that are no UTF-8. GTK warns of none. */
static void
test_odd_names(void)
{
  Fixture f;
  g_autofree char *from = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2.safetensors", NULL);
  g_autofree char *data = NULL;
  gsize size = 0;

  g_assert_true(g_file_get_contents(from, &data, &size, NULL));
  g_autofree char *odd = write_file("odd\xff\xfe.safetensors", data, (gssize)size);
  g_autofree char *broken = write_file("broken\xff.pkl", "no model", -1);
  fixture_forget_state();
  fixture_open(&f, odd);
  fixture_settle(&f);
  g_assert_true(g_utf8_validate(gtk_window_get_title(GTK_WINDOW(f.window)), -1, NULL));
  check_texts(GTK_WIDGET(f.window));
  check_refused(&f, broken);
  check_texts(GTK_WIDGET(f.window));
  fixture_close(&f);

  fixture_open(&f, NULL); /* the next start knows it, and the menu offers it */
  g_assert_cmpstr(vitrine_session_get_model(f.session)->path, ==, odd);
  g_auto(GStrv) recent = vitrine_store_recent();
  g_assert_cmpstr(recent[0], ==, odd);
  g_autofree char *target = vitrine_store_encode_path(odd);
  gtk_widget_activate_action(GTK_WIDGET(f.window), "win.open-path", "s", target);
  fixture_wait(&f, is_open, odd, 30);
  fixture_close(&f);
}

/* ---- a grid is compared face by face ---- */

/* What the canvas shows, [height][width] of B, G, R, A; to be freed. */
static guint32 *
canvas_pixels(Fixture *f, int *width)
{
  GtkWidget *canvas = GTK_WIDGET(vitrine_window_get_canvas(f->window));
  int height = gtk_widget_get_height(canvas);

  fixture_run_for(0.2);
  *width = gtk_widget_get_width(canvas);
  g_autoptr(GdkPaintable) paintable = gtk_widget_paintable_new(canvas);
  g_autoptr(GtkSnapshot) snapshot = gtk_snapshot_new();
  gdk_paintable_snapshot(paintable, GDK_SNAPSHOT(snapshot), *width, height);
  g_autoptr(GskRenderNode) node = gtk_snapshot_to_node(snapshot);
  GskRenderer *renderer = gtk_native_get_renderer(GTK_NATIVE(f->window));
  g_autoptr(GdkTexture) texture = gsk_renderer_render_texture(
      renderer, node, &GRAPHENE_RECT_INIT(0, 0, (float)*width, (float)height));
  guint32 *pixels = g_new(guint32, ((gsize)*width * (gsize)height));
  gdk_texture_download(texture, (guchar *)pixels, (gsize)*width * 4);
  return pixels;
}

static void
test_compare_grid(void)
{
  Fixture f;
  int width;
  graphene_rect_t rect;

  fixture_forget_state();
  fixture_open(&f, NULL);
  VitrineCanvas *canvas = vitrine_window_get_canvas(f.window);
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 4);
  g_object_set(vitrine_session_get_editor(f.session), "threshold", 0.9, NULL);
  fixture_settle(&f);
  g_autofree guint32 *edited = canvas_pixels(&f, &width);
  vitrine_canvas_set_show_original(canvas, TRUE);
  g_autofree guint32 *original = canvas_pixels(&f, &width);
  vitrine_canvas_set_show_original(canvas, FALSE);
  vitrine_canvas_set_divider(canvas, TRUE);
  g_autofree guint32 *divided = canvas_pixels(&f, &width);
  vitrine_canvas_view_rect(&canvas->view, &rect);
  for (int face = 0; face < 2; face++)
    for (int part = 0; part < 2; part++) {
      float x = rect.origin.x + rect.size.width * ((float)face + 0.3f + 0.4f * (float)part) / 2;
      float y = rect.origin.y + rect.size.height * 0.3f;
      gsize at = (gsize)y * (gsize)width + (gsize)x;
      g_assert_cmphex(edited[at], !=, original[at]);
      g_assert_cmphex(divided[at], ==, part ? edited[at] : original[at]);
    }
  fixture_close(&f);
}

/* ---- the window's size ---- */

static gboolean
has_width(Fixture *f, gpointer wanted)
{
  GtkPaned *paned = f->window->paned;
  int side = gtk_widget_get_width(GTK_WIDGET(paned)) - gtk_paned_get_position(paned);

  return gtk_widget_get_width(GTK_WIDGET(paned)) > 1100 && ABS(side - GPOINTER_TO_INT(wanted)) < 20;
}

/* A window that a desktop makes wider than it was gives the room to the picture; "maximized" comes
 * back. */
static void
test_geometry(void)
{
  Fixture f;
  json_t *root =
      json_pack("{s:i, s:i, s:i, s:b}", "width", 800, "height", 600, "pane", 420, "maximized", 1);

  fixture_forget_state();
  fixture_open(&f, NULL);
  vitrine_store_save("window", root);
  VitrineWindow *first = f.window;
  f.window = VITRINE_WINDOW(vitrine_window_new(GTK_APPLICATION(f.application), f.session, TRUE));
  g_assert_true(gtk_window_is_maximized(GTK_WINDOW(f.window)));
  gtk_window_unmaximize(GTK_WINDOW(f.window));
  gtk_window_set_default_size(GTK_WINDOW(f.window), 1240, 700);
  gtk_window_present(GTK_WINDOW(f.window));
  fixture_wait(&f, has_width, GINT_TO_POINTER(420), 30);
  gtk_window_destroy(GTK_WINDOW(f.window));
  f.window = first;
  fixture_close(&f);
  json_decref(root);
}

/* ---- what a desktop gives ---- */

static void
said_cb(VitrineSession *session, const char *text, gboolean is_error, char **last)
{
  g_free(*last);
  *last = g_strdup(text);
}

static gboolean
was_said(Fixture *f, gpointer message)
{
  return *(char **)message != NULL;
}

static void
test_two_files(void)
{
  Fixture f;
  g_autofree char *message = NULL, *bundled = vitrine_application_bundled_model();

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_assert_cmpstr(g_get_prgname(), ==, "io.github.vitrine.Vitrine"); /* the Wayland app id */
  GFile *files[] = {g_file_new_for_path(bundled), g_file_new_for_path("/none/second.pkl"),
                    g_file_new_for_path("/none/third.pkl")};
  gulong id = g_signal_connect(f.session, "message", G_CALLBACK(said_cb), &message);
  g_application_open(G_APPLICATION(f.application), files, 3, "");
  fixture_wait(&f, was_said, &message, 30);
  g_assert_nonnull(strstr(message, "2 others"));
  g_signal_handler_disconnect(f.session, id);
  fixture_settle(&f);
  for (int i = 0; i < 3; i++)
    g_object_unref(files[i]);
  fixture_close(&f);
}

/* ---- each model keeps its edits ---- */

static void
open_model(Fixture *f, const char *path)
{
  g_autoptr(GFile) file = g_file_new_for_path(path);

  vitrine_opener_open(vitrine_session_get_opener(f->session), file);
  fixture_wait(f, is_open, (gpointer)path, 30);
  fixture_settle(f);
}

static void
test_edits_stay(void)
{
  Fixture f;
  g_autofree char *other =
      g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2.safetensors", NULL);
  g_autofree char *bundled = vitrine_application_bundled_model();

  fixture_forget_state();
  fixture_open(&f, NULL);
  VitrineEditor *editor = vitrine_session_get_editor(f.session);
  vitrine_editor_set_seed(editor, 7);
  gtk_adjustment_set_value(dimension(&f, 3), 10);
  fixture_settle(&f);
  open_model(&f, other);
  g_assert_cmpuint(vitrine_session_get_recipe(f.session)->seed, ==, 0);
  vitrine_editor_set_seed(editor, 4);
  open_model(&f, bundled); /* with its history */
  g_assert_cmpuint(vitrine_session_get_recipe(f.session)->seed, ==, 7);
  g_assert_cmpfloat_with_epsilon(shown_z(&f, 3), 10, 1e-9);
  vitrine_editor_undo(editor);
  vitrine_editor_undo(editor);
  g_assert_cmpuint(vitrine_session_get_recipe(f.session)->seed, ==, 0);
  vitrine_editor_redo(editor);
  vitrine_editor_redo(editor);
  fixture_settle(&f);
  open_model(&f, other);
  g_assert_cmpuint(vitrine_session_get_recipe(f.session)->seed, ==, 4);
  fixture_close(&f);

  fixture_open(&f, NULL); /* the one that was open at the end; the other is remembered too */
  g_assert_cmpstr(vitrine_session_get_model(f.session)->path, ==, other);
  g_assert_cmpuint(vitrine_session_get_recipe(f.session)->seed, ==, 4);
  open_model(&f, bundled);
  g_assert_cmpuint(vitrine_session_get_recipe(f.session)->seed, ==, 7);
  g_assert_cmpfloat_with_epsilon(shown_z(&f, 3), 10, 1e-9);
  fixture_close(&f);
}

static gboolean
is_missing(Fixture *f, gpointer path)
{
  g_autofree char *missing = NULL;

  g_object_get(f->session, "missing", &missing, NULL);
  return g_strcmp0(missing, path) == 0;
}

/* The last session's model is not there: said, and nothing of that session is lost. */
static void
test_missing_model(void)
{
  Fixture f;
  g_autofree char *from = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2.safetensors", NULL);
  g_autofree char *data = NULL, *moved = fixture_path("moved.safetensors");
  g_autofree char *bundled = vitrine_application_bundled_model();
  gsize size = 0;

  g_assert_true(g_file_get_contents(from, &data, &size, NULL));
  g_autofree char *path = write_file("stick.safetensors", data, (gssize)size);
  fixture_forget_state();
  fixture_open(&f, path);
  vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 11);
  fixture_settle(&f);
  fixture_close(&f);
  g_assert_cmpint(g_rename(path, moved), ==, 0);

  for (int start = 0; start < 2; start++) { /* also at the start after the next */
    fixture_open(&f, NULL);
    g_assert_cmpstr(vitrine_session_get_model(f.session)->path, ==, bundled);
    g_assert_true(is_missing(&f, path));
    g_assert_true(gtk_widget_get_visible(fixture_find(GTK_WIDGET(f.window), "missing-banner")));
    g_assert_cmpstr(
        gtk_label_get_text(GTK_LABEL(fixture_find(GTK_WIDGET(f.window), "missing-path"))), ==,
        path);
    g_assert_cmpuint(vitrine_session_get_recipe(f.session)->seed, ==, start ? 3 : 0);
    vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 3);
    fixture_settle(&f);
    fixture_close(&f);
  }

  fixture_open(&f, NULL);
  g_autoptr(GFile) here = g_file_new_for_path(moved);
  vitrine_session_locate(f.session, here);
  fixture_wait(&f, is_missing, NULL, 30);
  g_assert_cmpstr(vitrine_session_get_model(f.session)->path, ==, moved);
  g_assert_cmpuint(vitrine_session_get_recipe(f.session)->seed, ==, 11);
  g_assert_false(gtk_widget_get_visible(fixture_find(GTK_WIDGET(f.window), "missing-banner")));
  fixture_settle(&f);
  fixture_close(&f);
  fixture_open(&f, NULL);
  g_assert_cmpstr(vitrine_session_get_model(f.session)->path, ==, moved);
  fixture_close(&f);
}

static void
check_label(const char *path, const char *const *others, const char *wanted)
{
  g_autofree char *label = vitrine_path_label(path, others);
  g_assert_cmpstr(label, ==, wanted);
}

/* Files of one name are told apart, others need no folder. */
/* The next dialog begins where a file was really written. */
static void
test_last_folder(void)
{
  g_autofree char *written = write_file("written.png", "x", -1), *dir = g_path_get_dirname(written);
  g_autoptr(GFile) good = g_file_new_for_path(written);
  g_autoptr(GFile) bad = g_file_new_for_path("/nonexistent-folder/picture.png");

  vitrine_file_dialog_note(good, TRUE);
  g_assert_cmpstr(g_file_peek_path(vitrine_file_dialog_last_folder()), ==, dir);
  vitrine_file_dialog_note(bad, TRUE);
  g_assert_cmpstr(g_file_peek_path(vitrine_file_dialog_last_folder()), ==, dir);
}

static void
test_path_labels(void)
{
  const char *const paths[] = {"/a/runs/1/net.pkl", "/a/runs/2/net.pkl", "/b/runs/1/net.pkl",
                               "/net.pkl",          "/a/one.pkl",        NULL};

  check_label(paths[0], paths, "net.pkl (a/runs/1)");
  check_label(paths[1], paths, "net.pkl (2)");
  check_label(paths[3], paths, "net.pkl (/)");
  check_label(paths[4], paths, "one.pkl");
  check_label(paths[0], NULL, "net.pkl");
}

/* Checks every icon that a file of the window names; returns how many. */
static guint
check_icons(GtkIconTheme *theme, const char *path)
{
  g_autoptr(GRegex) name = g_regex_new("\"([a-z0-9-]+-symbolic)\"|"
                                       ">([a-z0-9-]+-symbolic)<",
                                       0, 0, NULL);
  g_autoptr(GMatchInfo) match = NULL;
  g_autofree char *text = NULL;
  guint n = 0;

  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  for (g_regex_match(name, text, 0, &match); g_match_info_matches(match); n++) {
    g_autofree char *quoted = g_match_info_fetch(match, 1), *tagged = g_match_info_fetch(match, 2);
    const char *icon = *quoted ? quoted : tagged;
    if (!gtk_icon_theme_has_icon(theme, icon))
      g_error("%s: the icon %s is not in the theme", path, icon);
    g_match_info_next(match, NULL);
  }
  return n;
}

static guint
check_icons_below(GtkIconTheme *theme, const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull(dir);
  while ((name = g_dir_read_name(dir))) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
      n += check_icons_below(theme, path);
    else if (g_str_has_suffix(name, ".c") || g_str_has_suffix(name, ".ui"))
      n += check_icons(theme, path);
  }
  return n;
}

static void
test_icons(void)
{
  g_autofree char *folder =
      g_build_filename(g_getenv("VITRINE_TEST_FILES"), "..", "..", "ui", NULL);
  GtkIconTheme *theme = gtk_icon_theme_get_for_display(gdk_display_get_default());

  g_assert_cmpuint(check_icons_below(theme, folder), >, 20);
}

static void
test_save_fails(void)
{
  Fixture f;
  g_autofree char *message = NULL;
  g_autoptr(GFile) nowhere = g_file_new_for_path("/nonexistent-folder/picture.png");

  fixture_forget_state();
  fixture_open(&f, NULL);
  gulong id = g_signal_connect(f.session, "message", G_CALLBACK(message_cb), &message);
  vitrine_saver_save_picture(vitrine_session_get_saver(f.session), nowhere, NULL);
  fixture_run_for(1);
  g_signal_handler_disconnect(f.session, id);
  g_assert_nonnull(message);
  g_assert_nonnull(strstr(message, "picture.png"));
  fixture_close(&f);
}

/* ---- a thousand events in five seconds ---- */

typedef struct {
  Fixture *f;
  int sent;
  gint64 start, last_beat, last_queued;
  GArray *late; /* of double, ms */
} Storm;

/* Microseconds that this thread could have run but other programs had the processors. */
static gint64
queued(void)
{
  g_autofree char *text = NULL;
  guint64 ran = 0, waited = 0;

  if (g_file_get_contents("/proc/thread-self/schedstat", &text, NULL, NULL))
    sscanf(text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &ran, &waited);
  return (gint64)(waited / 1000);
}

/* The main loop's pulse: what comes later than the 1 ms that was asked for is a stall. */
static gboolean
beat_cb(gpointer data)
{
  Storm *storm = data;
  gint64 now = g_get_monotonic_time(), waited = queued();
  double late = (double)(now - storm->last_beat - (waited - storm->last_queued)) / 1000 - 1;

  g_array_append_val(storm->late, late);
  storm->last_beat = now;
  storm->last_queued = waited;
  return G_SOURCE_CONTINUE;
}

static gboolean
event_cb(gpointer data)
{
  Storm *storm = data;

  /* Two hundred a second, however late this timer is. */
  int due = (int)((g_get_monotonic_time() - storm->start) / 5000);

  for (; storm->sent < MIN(due, 1000); storm->sent++)
    gtk_adjustment_set_value(dimension(storm->f, 3), -10 + (storm->sent + 1) * 0.02);
  return storm->sent < 1000 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
all_sent(Fixture *f, gpointer data)
{
  return ((Storm *)data)->sent == 1000;
}

static int
compare(gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Dimension 3 from -10 to 10 in a thousand steps of 5 ms. Returns how late 95 % of the main loop's
 * beats were at most, in milliseconds. */
static double
run_storm(Fixture *f)
{
  g_autoptr(GArray) late = g_array_new(FALSE, FALSE, sizeof(double));
  Storm storm = {.f = f, .late = late};

  gtk_adjustment_set_value(dimension(f, 3), 0);
  fixture_settle(f);
  storm.start = storm.last_beat = g_get_monotonic_time();
  storm.last_queued = queued();
  guint beat = g_timeout_add_full(G_PRIORITY_HIGH, 1, beat_cb, &storm, NULL);
  g_timeout_add_full(G_PRIORITY_DEFAULT, 5, event_cb, &storm, NULL);
  fixture_wait(f, all_sent, &storm, 60);
  double seconds = (double)(g_get_monotonic_time() - storm.start) / G_USEC_PER_SEC;
  g_source_remove(beat);
  fixture_settle(f);
  g_array_sort(late, compare);
  double most = g_array_index(late, double, late->len * 95 / 100);
  g_test_message("1000 slider events in %.2f s, %u beats, 95 %% within %.1f ms, longest %.1f ms",
                 seconds, late->len, most, g_array_index(late, double, late->len - 1));
  return most;
}

/* Other programs may take the processors away; what is slow by itself is slow every time. */
static void
test_storm(void)
{
  Fixture f;
  double late = G_MAXDOUBLE;

  fixture_forget_state();
  fixture_open(&f, NULL);
  gtk_adjustment_set_value(dimension(&f, 3), 10);
  fixture_settle(&f);
  g_autofree char *at_ten = fixture_screen_hash(&f);
  for (int try = 0; try < 5 && late >= FRAME_MSEC; try++) {
    double now = run_storm(&f);
    late = MIN(late, now);
    g_assert_cmpfloat_with_epsilon(shown_z(&f, 3), 10, 1e-9);
    g_autofree char *last = fixture_screen_hash(&f);
    g_assert_cmpstr(last, ==, at_ten);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    late = 0; /* five times slower: the limit says nothing */
#endif
  }
  g_assert_cmpfloat(late, <, FRAME_MSEC);
  fixture_close(&f);
}

static void
test_grid(void)
{
  Fixture f;
  int width, height;

  fixture_forget_state();
  fixture_open(&f, NULL);
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 32);
  fixture_settle(&f);
  vitrine_view_get_picture_size(vitrine_session_get_view(f.session), &width, &height);
  g_assert_cmpint(width, ==, 8 * 64);
  g_assert_cmpint(height, ==, 4 * 64);
  GdkTexture *texture = vitrine_view_get_texture(vitrine_session_get_view(f.session));
  g_assert_cmpint(gdk_texture_get_width(texture), ==, width);
  /* The eleventh, which is the third of the second row, alone; and all of them again. */
  VitrineCanvas *canvas = vitrine_window_get_canvas(f.window);
  double side = vitrine_canvas_get_zoom(canvas) * 64,
         left = (gtk_widget_get_width(GTK_WIDGET(canvas)) - 8 * side) / 2,
         top = (gtk_widget_get_height(GTK_WIDGET(canvas)) - 4 * side) / 2;
  g_assert_cmpint(vitrine_canvas_face_at(canvas, left + 2.5 * side, top + 1.5 * side), ==, 10);
  g_assert_cmpint(vitrine_canvas_face_at(canvas, left - 3, top + side), ==, -1);
  guint32 seed = fixture_recipe(&f)->seed;
  g_signal_emit_by_name(canvas, "face-activated", 10);
  g_assert_cmpint(fixture_recipe(&f)->faces, ==, 1);
  g_assert_cmpuint(fixture_recipe(&f)->seed, ==, seed + 10);
  activate(&f, "win.undo");
  g_assert_cmpint(fixture_recipe(&f)->faces, ==, 32);
  activate(&f, "win.undo");
  fixture_settle(&f);
  g_assert_cmpint(vitrine_session_get_recipe(f.session)->faces, ==, 1);
  fixture_close(&f);
}

static void
test_dark(void)
{
  Fixture f;
  AdwStyleManager *style = adw_style_manager_get_default();

  fixture_forget_state();
  fixture_open(&f, NULL);
  adw_style_manager_set_color_scheme(style, ADW_COLOR_SCHEME_FORCE_LIGHT);
  fixture_run_for(0.5);
  double light = fixture_brightness(&f);
  adw_style_manager_set_color_scheme(style, ADW_COLOR_SCHEME_FORCE_DARK);
  fixture_run_for(0.5);
  double dark = fixture_brightness(&f);
  adw_style_manager_set_color_scheme(style, ADW_COLOR_SCHEME_DEFAULT);
  g_test_message("mean brightness %.0f light, %.0f dark", light, dark);
  g_assert_cmpfloat(dark, <, light - 40);
  fixture_close(&f);
}

static void
test_view(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  VitrineCanvas *canvas = vitrine_window_get_canvas(f.window);
  g_assert_true(vitrine_canvas_is_fit(canvas));
  g_autofree char *fit = fixture_screen_hash(&f);
  activate(&f, "win.zoom-one");
  fixture_run_for(0.1);
  g_assert_cmpfloat(vitrine_canvas_get_zoom(canvas), ==, 1);
  g_autofree char *one = fixture_screen_hash(&f);
  g_assert_cmpstr(one, !=, fit);
  activate(&f, "win.zoom-in");
  g_assert_cmpfloat(vitrine_canvas_get_zoom(canvas), ==, 1.5);
  activate(&f, "win.zoom-fit");
  fixture_run_for(0.1);
  g_autofree char *again = fixture_screen_hash(&f);
  g_assert_cmpstr(again, ==, fit);
  fixture_close(&f);
}

/* Does what the window has bound to these keys, with its arguments. */
static void
press(Fixture *f, const char *keys)
{
  g_autoptr(GListModel) controllers = gtk_widget_observe_controllers(GTK_WIDGET(f->window));
  guint key;
  GdkModifierType mods;

  g_assert_true(gtk_accelerator_parse(keys, &key, &mods));
  g_autoptr(GtkShortcutTrigger) wanted = gtk_keyval_trigger_new(key, mods);
  for (guint i = 0; i < g_list_model_get_n_items(controllers); i++) {
    g_autoptr(GObject) controller = g_list_model_get_item(controllers, i);
    if (!GTK_IS_SHORTCUT_CONTROLLER(controller) ||
        gtk_event_controller_get_propagation_phase(GTK_EVENT_CONTROLLER(controller)) !=
            GTK_PHASE_BUBBLE)
      continue;
    for (guint j = 0; j < g_list_model_get_n_items(G_LIST_MODEL(controller)); j++) {
      g_autoptr(GtkShortcut) shortcut = g_list_model_get_item(G_LIST_MODEL(controller), j);
      GtkShortcutTrigger *trigger = gtk_shortcut_get_trigger(shortcut);
      if (GTK_IS_ALTERNATIVE_TRIGGER(trigger))
        trigger = gtk_alternative_trigger_get_first(GTK_ALTERNATIVE_TRIGGER(trigger));
      if (!gtk_shortcut_trigger_equal(trigger, wanted))
        continue;
      g_assert_true(gtk_shortcut_action_activate(gtk_shortcut_get_action(shortcut), 0,
                                                 GTK_WIDGET(f->window),
                                                 gtk_shortcut_get_arguments(shortcut)));
      return;
    }
  }
  g_error("%s is bound to nothing", keys);
}

static void
test_keys(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  VitrineCanvas *canvas = vitrine_window_get_canvas(f.window);
  press(&f, "n");
  press(&f, "n");
  press(&f, "p");
  g_assert_cmpuint(vitrine_session_get_recipe(f.session)->seed, ==, 1);
  press(&f, "<Alt>2");
  g_assert_cmpint(vitrine_session_get_recipe(f.session)->faces, ==, 4);
  press(&f, "<Control>z");
  g_assert_cmpint(vitrine_session_get_recipe(f.session)->faces, ==, 1);
  press(&f, "<Control><Shift>z");
  g_assert_cmpint(vitrine_session_get_recipe(f.session)->faces, ==, 4);
  press(&f, "<Control>d");
  g_assert_true(vitrine_canvas_get_divider(canvas));
  press(&f, "<Control>1");
  g_assert_cmpfloat(vitrine_canvas_get_zoom(canvas), ==, 1);
  gtk_adjustment_set_value(dimension(&f, 3), 10);
  press(&f, "<Control><Shift>r");
  g_assert_false(sg_recipe_is_modified(vitrine_session_get_recipe(f.session)));
  press(&f, "<Control>j");
  GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(f.window));
  g_assert_true(GTK_IS_EDITABLE(focus));
  fixture_close(&f);
}

static void
test_next_start(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  gtk_window_set_default_size(GTK_WINDOW(f.window), 1000, 700);
  gtk_adjustment_set_value(dimension(&f, 3), 10);
  vitrine_favourites_set(vitrine_session_get_favourites(f.session), SG_SPACE_Z, 3, "hair");
  fixture_run_for(0.3);
  fixture_settle(&f);
  g_autofree char *before = fixture_screen_hash(&f);
  fixture_close(&f);

  fixture_open(&f, NULL);
  int width, height;
  gtk_window_get_default_size(GTK_WINDOW(f.window), &width, &height);
  g_assert_cmpint(width, ==, 1000);
  g_assert_cmpint(height, ==, 700);
  g_assert_cmpfloat_with_epsilon(shown_z(&f, 3), 10, 1e-9);
  g_assert_cmpstr(vitrine_favourites_get(vitrine_session_get_favourites(f.session), SG_SPACE_Z, 3),
                  ==, "hair");
  g_autofree char *after = fixture_screen_hash(&f);
  g_assert_cmpstr(after, ==, before);
  fixture_close(&f);
}

/* ---- everything that makes the picture ------------------------------------------------------- */

/* The words of the row, joined. */
static char *
chip_words(Fixture *f)
{
  GString *words = g_string_new(NULL);

  for (GtkWidget *w = gtk_widget_get_first_child(fixture_part(f, "picture-chips")); w;
       w = gtk_widget_get_next_sibling(w))
    g_string_append_printf(words, "%s%s", words->len ? "|" : "",
                           gtk_label_get_text(GTK_LABEL(gtk_widget_get_first_child(w))));
  return g_string_free(words, FALSE);
}

static void
check_words(Fixture *f, const char *wanted)
{
  g_autofree char *words = chip_words(f);
  g_assert_cmpstr(words, ==, wanted);
}

static void
take_away(Fixture *f, const char *start)
{
  for (GtkWidget *w = gtk_widget_get_first_child(fixture_part(f, "picture-chips")); w;
       w = gtk_widget_get_next_sibling(w))
    if (g_str_has_prefix(gtk_label_get_text(GTK_LABEL(gtk_widget_get_first_child(w))), start)) {
      g_signal_emit_by_name(gtk_widget_get_last_child(w), "clicked");
      return;
    }
  g_assert_not_reached();
}

static void
test_picture_bar(void)
{
  Fixture f;
  const double along[512] = {1};

  fixture_forget_state();
  fixture_open(&f, NULL);
  SgRecipe *r = sg_recipe_new_for(&vitrine_session_get_model(f.session)->info);
  r->seed = 7;
  r->psi = 0.5;
  r->w_offset[3] = r->w_offset[9] = 1;
  r->prune.threshold = 0.395;
  sg_recipe_add_direction(r, "beard", along, 1, 2, SG_ALL_LAYERS);
  sg_recipe_add_direction(r, "light", along, 1, -1, SG_ALL_LAYERS);
  vitrine_session_apply(f.session, r, "all", NULL);
  check_words(&f,
              "Seed 7|Truncation 0.50|Dimensions of w: 2|beard +2.00|light -1.00|Pruning 0.395");
  take_away(&f, "beard");
  check_words(&f, "Seed 7|Truncation 0.50|Dimensions of w: 2|light -1.00|Pruning 0.395");
  take_away(&f, "Truncation");
  take_away(&f, "Pruning");
  take_away(&f, "Dimensions");
  check_words(&f, "Seed 7|light -1.00");
  g_assert_cmpfloat(fixture_recipe(&f)->psi, ==, 1);
  take_away(&f, "light");
  g_assert_false(sg_recipe_is_modified(fixture_recipe(&f)));
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  check_words(&f, "Seed 7|light -1.00");
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  g_autofree char *model = vitrine_application_bundled_model();

  if (!model) {
    g_printerr("SKIPPED: the bundled model is not in data/models\n");
    return 77;
  }
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/window/drag-and-undo", test_drag_and_undo);
  g_test_add_func("/window/picture-round-trip", test_picture_round_trip);
  g_test_add_func("/window/bad-files", test_bad_files);
  g_test_add_func("/window/odd-names", test_odd_names);
  g_test_add_func("/window/compare-grid", test_compare_grid);
  g_test_add_func("/window/geometry", test_geometry);
  g_test_add_func("/window/two-files", test_two_files);
  g_test_add_func("/window/edits-stay", test_edits_stay);
  g_test_add_func("/window/missing-model", test_missing_model);
  g_test_add_func("/window/last-folder", test_last_folder);
  g_test_add_func("/window/path-labels", test_path_labels);
  g_test_add_func("/window/icons", test_icons);
  g_test_add_func("/window/save-fails", test_save_fails);
  g_test_add_func("/window/storm", test_storm);
  g_test_add_func("/window/grid", test_grid);
  g_test_add_func("/window/dark", test_dark);
  g_test_add_func("/window/view", test_view);
  g_test_add_func("/window/keys", test_keys);
  g_test_add_func("/window/next-start", test_next_start);
  g_test_add_func("/window/picture-bar", test_picture_bar);
  return g_test_run();
}
