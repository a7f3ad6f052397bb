/* Widgets that no pane's test meets: the file dialog, the popover that names a favourite, what may
 * be changed while a run goes on. Each in a window of its own. */
#include <adwaita.h>
#include "ui/latent/vitrine-pin-popover.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/training/vitrine-run-view-private.h"

#define LONG 60 /* seconds, however busy the machine */

static GtkWidget *
find(GtkWidget *root, const char *name)
{
  GtkWidget *found = g_strcmp0(gtk_widget_get_name(root), name) == 0 ? root : NULL;

  for (GtkWidget *c = gtk_widget_get_first_child(root); c && !found;
       c = gtk_widget_get_next_sibling(c))
    found = find(c, name);
  return found;
}

typedef gboolean (*Done)(gpointer data);

static void
wait_until(Done done, gpointer data, const char *what)
{
  gint64 end = g_get_monotonic_time() + LONG * G_USEC_PER_SEC;

  while (!done(data)) {
    if (g_get_monotonic_time() > end)
      g_error("waited in vain: %s", what);
    if (!g_main_context_iteration(NULL, FALSE))
      g_usleep(2000);
  }
}

static GtkWindow *
window_new(GtkWidget *child)
{
  GtkWidget *window = gtk_window_new();

  gtk_window_set_default_size(GTK_WINDOW(window), 400, 300);
  gtk_window_set_child(GTK_WINDOW(window), child);
  gtk_window_present(GTK_WINDOW(window));
  return GTK_WINDOW(window);
}

/* A toplevel that holds a widget of that name, or is a file chooser (name NULL). */
static GtkWidget *
toplevel_with(const char *name)
{
  GListModel *all = gtk_window_get_toplevels();
  GtkWidget *found = NULL;

  for (guint i = 0; i < g_list_model_get_n_items(all) && !found; i++) {
    g_autoptr(GtkWidget) top = g_list_model_get_item(all, i);
    if (name ? find(top, name) != NULL : GTK_IS_FILE_CHOOSER(top) && gtk_widget_get_mapped(top))
      found = top;
  }
  return found;
}

/* ---- the popover of favourites --------------------------------------------------------------- */

typedef struct {
  int times, index;
  char *name;
} Pinned;

static void
pinned_cb(int index, const char *name, gpointer data)
{
  Pinned *p = data;
  p->times++;
  p->index = index;
  g_free(p->name);
  p->name = g_strdup(name);
}

static void
click(GtkWidget *popover, const char *name)
{
  g_signal_emit_by_name(find(popover, name), "clicked");
}

static void
test_pin(void)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *button = gtk_button_new();
  Pinned p = {0};
  GtkWidget *popover = vitrine_pin_popover_new(pinned_cb, &p);
  GtkWindow *window;

  gtk_box_append(GTK_BOX(box), button);
  window = window_new(box);
  gtk_widget_set_parent(popover, box);
  GtkEditable *entry = GTK_EDITABLE(find(popover, "pin-name"));
  /* One without a name is not pinned yet, and called by its number if it stays so. */
  vitrine_pin_popover_show(popover, button, 17, NULL);
  g_assert_cmpstr(gtk_editable_get_text(entry), ==, "");
  g_assert_false(gtk_widget_get_visible(find(popover, "pin-remove")));
  click(popover, "pin-save");
  g_assert_true(p.times == 1 && p.index == 17);
  g_assert_cmpstr(p.name, ==, "17");
  /* Blanks around a name are none of it; Enter pins. */
  vitrine_pin_popover_show(popover, button, 3, "hair");
  g_assert_cmpstr(gtk_editable_get_text(entry), ==, "hair");
  g_assert_true(gtk_widget_get_visible(find(popover, "pin-remove")));
  gtk_editable_set_text(entry, "  long hair ");
  g_signal_emit_by_name(entry, "activate");
  g_assert_true(p.times == 2 && p.index == 3);
  g_assert_cmpstr(p.name, ==, "long hair");
  vitrine_pin_popover_show(popover, button, 3, "long hair");
  click(popover, "pin-remove");
  g_assert_cmpint(p.times, ==, 3);
  g_assert_null(p.name);
  gtk_widget_unparent(popover);
  gtk_window_destroy(window);
}

/* ---- the file dialog ------------------------------------------------------------------------- */

typedef struct {
  int times;
  char *path; /* NULL: given up */
  GtkWidget *dialog;
  GFile *wanted;
} Chosen;

static void
chosen_cb(GFile *file, gpointer data)
{
  Chosen *c = data;
  c->times++;
  g_free(c->path);
  c->path = file ? g_file_get_path(file) : NULL;
}

static gboolean
has_dialog(gpointer data)
{
  return (((Chosen *)data)->dialog = toplevel_with(NULL)) != NULL;
}

static gboolean
has_answered(gpointer data)
{
  return ((Chosen *)data)->times > 0;
}

static gboolean
is_gone(gpointer data)
{
  return toplevel_with(NULL) == NULL;
}

G_GNUC_BEGIN_IGNORE_DEPRECATIONS

static gboolean
has_selected(gpointer data)
{
  Chosen *c = data;
  g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(c->dialog));
  return file && g_file_equal(file, c->wanted);
}

/* The dialog that has just been asked for, answered: with this path, or given up. */
static void
answer(Chosen *c, const char *path)
{
  wait_until(has_dialog, c, "a file dialog");
  if (path) {
    g_autoptr(GError) error = NULL;
    c->wanted = g_file_new_for_path(path);
    g_assert_true(gtk_file_chooser_set_file(GTK_FILE_CHOOSER(c->dialog), c->wanted, &error));
    wait_until(has_selected, c, "the file is selected");
  }
  gtk_dialog_response(GTK_DIALOG(c->dialog), path ? GTK_RESPONSE_ACCEPT : GTK_RESPONSE_CANCEL);
  wait_until(has_answered, c, "an answer");
  wait_until(is_gone, c, "the dialog goes");
  g_clear_object(&c->wanted);
}

/* The folder that the dialog shows is the wanted one. */
static gboolean
shows_folder(gpointer data)
{
  Chosen *c = data;
  g_autoptr(GFile) folder = gtk_file_chooser_get_current_folder(GTK_FILE_CHOOSER(c->dialog));
  return folder && g_file_equal(folder, c->wanted);
}

G_GNUC_END_IGNORE_DEPRECATIONS

static void
test_file_dialog(void)
{
  GtkWindow *window = window_new(gtk_label_new("parent"));
  g_autofree char *dir = g_dir_make_tmp("vitrine-dialog-XXXXXX", NULL);
  g_autofree char *file = g_build_filename(dir, "model.safetensors", NULL);
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();
  Chosen given_up = {0}, opened = {0}, folder = {0}, saved = {0};

  g_assert_true(g_file_set_contents(file, "x", 1, NULL));
  gtk_file_filter_set_name(filter, "Models");
  gtk_file_filter_add_pattern(filter, "*.safetensors");
  vitrine_file_dialog_open(window, "Open", filter, chosen_cb, &given_up);
  answer(&given_up, NULL);
  g_assert_true(given_up.times == 1 && !given_up.path);
  vitrine_file_dialog_open(window, "Open", g_steal_pointer(&filter), chosen_cb, &opened);
  answer(&opened, file);
  g_assert_cmpstr(opened.path, ==, file);
  /* The folder used last is where the next one begins. */
  vitrine_file_dialog_save(window, "Save", "new.csv", NULL, chosen_cb, &saved);
  wait_until(has_dialog, &saved, "a file dialog");
  saved.wanted = g_file_new_for_path(dir);
  wait_until(shows_folder, &saved, "the folder used last");
  answer(&saved, NULL);
  g_assert_true(saved.times == 1 && !saved.path);
  vitrine_file_dialog_folder(window, "Folder", chosen_cb, &folder);
  answer(&folder, dir);
  g_assert_cmpstr(folder.path, ==, dir);
  remove(file);
  remove(dir);
  g_free(opened.path);
  g_free(folder.path);
  gtk_window_destroy(window);
}

/* ---- changing a run -------------------------------------------------------------------------- */

static gboolean
is_loaded(gpointer run)
{
  return vitrine_run_is_loaded(run);
}

static void
said_cb(VitrineRun *run, const char *text, gboolean is_error, char **said)
{
  g_free(*said);
  *said = g_strdup(text);
}

static gboolean
has_said(gpointer said)
{
  return *(char **)said != NULL;
}

static void
test_run_edit(void)
{
  GtkWindow *window = window_new(gtk_label_new("parent"));
  const char *fixture = g_getenv("VITRINE_TEST_FILES");
  g_autofree char *path = g_build_filename(fixture, "run-nvlabs", NULL), *said = NULL;
  g_autoptr(VitrineRun) run = vitrine_run_watch(path);

  g_signal_connect(run, "message", G_CALLBACK(said_cb), &said);
  wait_until(is_loaded, run, "the run is read");
  GtkWidget *page = vitrine_run_edit_present(window, run);
  GtkWidget *row = find(page, "run-set-snap"), *rate = find(page, "run-set-lr-g");
  g_assert_true(row && rate);
  gtk_editable_set_text(GTK_EDITABLE(row), "every so often");
  g_assert_true(gtk_widget_has_css_class(row, "error"));
  g_assert_nonnull(gtk_widget_get_tooltip_text(row));
  g_signal_emit_by_name(row, "apply"); /* refused here, not sent */
  g_assert_true(gtk_widget_has_css_class(row, "error"));
  gtk_editable_set_text(GTK_EDITABLE(row), " 10 ");
  g_assert_false(gtk_widget_has_css_class(row, "error"));
  g_assert_null(said);
  g_signal_emit_by_name(row, "apply");
  wait_until(has_said, &said, "what came of it"); /* nobody trains there */
  g_assert_false(gtk_widget_has_css_class(row, "error"));
  gtk_editable_set_text(GTK_EDITABLE(rate), "-1");
  g_assert_true(gtk_widget_has_css_class(rate, "error"));
  gtk_window_destroy(GTK_WINDOW(gtk_widget_get_root(page)));
  gtk_window_destroy(window);
  g_signal_handlers_disconnect_by_func(run, said_cb, &said);
}

int
main(int argc, char **argv)
{
  gtk_init();
  adw_init();
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/widgets/pin", test_pin);
  g_test_add_func("/widgets/file-dialog", test_file_dialog);
  g_test_add_func("/widgets/run-edit", test_run_edit);
  return g_test_run();
}
