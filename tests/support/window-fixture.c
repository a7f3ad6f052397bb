#include "tests/support/window-fixture.h"
#include "ui/parts/vitrine-dialogs.h"
#include <glib/gstdio.h>
#include "app/session/vitrine-store.h"
#include "ui/shell/vitrine-side.h"

void
fixture_forget_state(void)
{
  g_autofree char *folder = g_build_filename(g_get_user_state_dir(), "vitrine", NULL);
  const char *name;

  vitrine_store_flush();
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  while (dir && (name = g_dir_read_name(dir))) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (g_str_has_suffix(name, ".json"))
      g_remove(path);
  }
}

char *
fixture_path(const char *name)
{
  const char *dir = g_getenv("VITRINE_TEST_DIR");
  return g_build_filename(dir ? dir : g_get_tmp_dir(), name, NULL);
}

static gboolean
wake_cb(gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
run_until(Fixture *f, DoneFunc done, gpointer data, double seconds)
{
  gint64 deadline = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
  guint waker = g_timeout_add(10, wake_cb, NULL);
  gboolean good = FALSE;

  while (!(good = done && done(f, data)) && g_get_monotonic_time() < deadline)
    g_main_context_iteration(NULL, TRUE);
  g_source_remove(waker);
  return good;
}

/* What a person would read on `widget`, for whoever looks for the reason in a log. */
static void
print_labels(GtkWidget *widget)
{
  if (!gtk_widget_get_mapped(widget))
    return;
  if (GTK_IS_LABEL(widget) && *gtk_label_get_text(GTK_LABEL(widget)))
    g_printerr("  %s%s: %s\n", gtk_widget_get_name(widget),
               gtk_widget_is_sensitive(widget) ? "" : " (off)",
               gtk_label_get_text(GTK_LABEL(widget)));
  for (GtkWidget *c = gtk_widget_get_first_child(widget); c; c = gtk_widget_get_next_sibling(c))
    print_labels(c);
}

/* A sanitized program, and the trainings that it starts at the lowest priority, take their time. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#  define PATIENCE 6
#else
#  define PATIENCE 2
#endif

void
fixture_wait_named(Fixture *f, DoneFunc done, gpointer data, double seconds, const char *what)
{
  if (run_until(f, done, data, seconds * PATIENCE))
    return;
  GListModel *windows = gtk_window_get_toplevels();
  for (guint i = 0; i < g_list_model_get_n_items(windows); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(windows, i);
    g_printerr("window %s shows:\n", gtk_widget_get_name(window));
    print_labels(window);
  }
  g_error("waited %.0f s for %s, which did not happen", seconds * PATIENCE, what);
}

void
fixture_run_for(double seconds)
{
  run_until(NULL, NULL, NULL, seconds);
}

static VitrineSide *
side(Fixture *f)
{
  GtkWidget *switcher = fixture_find(GTK_WIDGET(f->window), "pane-switcher");

  return switcher ? VITRINE_SIDE(gtk_widget_get_parent(switcher)) : NULL;
}

static gboolean
has_side(Fixture *f, gpointer data)
{
  return side(f) != NULL;
}

static gboolean
has_pane(Fixture *f, gpointer data)
{
  return fixture_find(GTK_WIDGET(f->window), "dim-scale-3") != NULL;
}

/* Tests say themselves how many faces they want to see. */
static void
open_window(Fixture *f, const char *path, int faces)
{
  g_autoptr(GError) error = NULL;

  /* Nothing of what this machine has, unless the test brings one. */
  g_setenv("VITRINE_CUDA_MODULE", "/none", FALSE);
  f->application = vitrine_application_new(G_APPLICATION_NON_UNIQUE);
  g_application_register(G_APPLICATION(f->application), NULL, &error);
  g_assert_no_error(error);
  if (path) {
    g_autofree char *edits =
        g_build_filename(g_get_user_state_dir(), "vitrine", "edits.json", NULL);
    g_remove(edits); /* who names a model wants it as it is in the file */
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_application_open(G_APPLICATION(f->application), &file, 1, "");
  } else {
    g_application_activate(G_APPLICATION(f->application));
  }
  f->window = VITRINE_WINDOW(gtk_application_get_windows(GTK_APPLICATION(f->application))->data);
  f->session = g_object_ref(vitrine_window_get_session(f->window));
  if (faces) /* before anything was read */
    vitrine_opener_set_first_faces(vitrine_session_get_opener(f->session), faces);
}

void
fixture_open(Fixture *f, const char *path)
{
  open_window(f, path, 1);
  fixture_wait(f, has_side, NULL, 30);
  /* A person begins in Explore, or in the page of the run that is opened. */
  g_autofree char *page = g_strdup(vitrine_side_get_page(side(f)));
  vitrine_side_show(side(f), "latent");
  fixture_wait(f, has_pane, NULL, 30);
  if (!g_str_equal(page, "explore"))
    vitrine_side_show(side(f), page);
  fixture_settle(f);
}

void
fixture_open_as_is(Fixture *f, const char *path)
{
  open_window(f, path, 1);
  fixture_wait(f, has_side, NULL, 30);
  fixture_settle(f);
}

void
fixture_open_first(Fixture *f)
{
  open_window(f, NULL, 0);
  fixture_wait(f, has_side, NULL, 30);
  fixture_settle(f);
}

static gboolean
window_gone(Fixture *f, gpointer data)
{
  return gtk_application_get_windows(GTK_APPLICATION(f->application)) == NULL;
}

void
fixture_close(Fixture *f)
{
  /* A dialog inside the window (libadwaita from 1.5 on) would be closed in the window's place. */
  if (vitrine_window_get_dialog(f->window))
    vitrine_dialogs_close(vitrine_window_get_dialog(f->window));
  gtk_window_close(GTK_WINDOW(f->window));
  fixture_wait(f, window_gone, NULL, 10);
  vitrine_store_flush();
  g_clear_object(&f->session);
  g_clear_object(&f->application);
}

/* A picture is asked for within a frame of an edit, and made in tens of milliseconds: when none has
 * come for this long the newest is there. */
#define QUIET_USEC (250 * 1000)

static void
picture_cb(VitrineSession *session, gint64 *last)
{
  *last = g_get_monotonic_time();
}

static gboolean
quiet(Fixture *f, gpointer data)
{
  return vitrine_view_is_current(vitrine_session_get_view(f->session)) &&
         g_get_monotonic_time() - *(gint64 *)data > QUIET_USEC;
}

void
fixture_settle(Fixture *f)
{
  gint64 last = g_get_monotonic_time();
  gulong id = g_signal_connect(f->session, "picture-changed", G_CALLBACK(picture_cb), &last);

  fixture_wait(f, quiet, &last, 30);
  g_signal_handler_disconnect(f->session, id);
}

GtkWidget *
fixture_find(GtkWidget *root, const char *name)
{
  if (g_strcmp0(gtk_widget_get_name(root), name) == 0)
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child(root); child;
       child = gtk_widget_get_next_sibling(child)) {
    GtkWidget *found = fixture_find(child, name);
    if (found)
      return found;
  }
  return NULL;
}

static void
painted_cb(GdkFrameClock *clock, gboolean *painted)
{
  *painted = TRUE;
}

static gboolean
is_true(Fixture *f, gpointer data)
{
  return *(gboolean *)data;
}

/* A paintable shows what was painted last: nothing while a redraw is due. */
static void
wait_for_paint(Fixture *f, GtkWidget *widget)
{
  gboolean painted = FALSE;
  GdkFrameClock *clock = gtk_widget_get_frame_clock(widget);
  gulong id = g_signal_connect(clock, "after-paint", G_CALLBACK(painted_cb), &painted);

  gtk_widget_queue_draw(widget);
  fixture_wait(f, is_true, &painted, 10);
  g_signal_handler_disconnect(clock, id);
}

guint8 *
fixture_pixels(Fixture *f, GtkWidget *widget, gsize *size)
{
  wait_for_paint(f, widget);
  g_autoptr(GdkPaintable) paintable = gtk_widget_paintable_new(widget);
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
  g_autoptr(GtkSnapshot) snapshot = gtk_snapshot_new();

  gdk_paintable_snapshot(paintable, GDK_SNAPSHOT(snapshot), width, height);
  g_autoptr(GskRenderNode) node = gtk_snapshot_to_node(snapshot);
  g_assert_nonnull(node);
  GskRenderer *renderer = gtk_native_get_renderer(gtk_widget_get_native(widget));
  g_autoptr(GdkTexture) texture = gsk_renderer_render_texture(
      renderer, node, &GRAPHENE_RECT_INIT(0, 0, (float)width, (float)height));
  *size = (gsize)width * (gsize)height * 4;
  guint8 *pixels = g_malloc(*size);
  gdk_texture_download(texture, pixels, (gsize)width * 4);
  return pixels;
}

GtkWidget *
fixture_part(Fixture *f, const char *name)
{
  GtkWidget *widget = fixture_find(GTK_WIDGET(f->window), name);
  if (!widget)
    g_error("no widget is called %s", name);
  return widget;
}

const SgRecipe *
fixture_recipe(Fixture *f)
{
  return vitrine_session_get_recipe(f->session);
}

char *
fixture_screen_hash(Fixture *f)
{
  gsize size;
  g_autofree guint8 *pixels =
      fixture_pixels(f, GTK_WIDGET(vitrine_window_get_canvas(f->window)), &size);

  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, pixels, size);
}

double
fixture_brightness(Fixture *f)
{
  gsize size;
  g_autofree guint8 *pixels = fixture_pixels(f, GTK_WIDGET(f->window), &size);
  double sum = 0;

  for (gsize i = 0; i < size; i += 4)
    sum += pixels[i] + pixels[i + 1] + pixels[i + 2];
  return sum / (3.0 * (double)size / 4);
}
