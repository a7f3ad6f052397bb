/* What the window can do, as actions: menus, buttons and keys all come here. */
#include "ui/shell/vitrine-window-private.h"
#include <glib/gi18n.h>
#include "app/session/vitrine-store.h"
#include "app/work/vitrine-before-after.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-path.h"
#include "ui/examine/vitrine-examine-dialog.h"
#include "ui/examine/vitrine-quiz-dialog.h"
#include "ui/latent/vitrine-latent-pane.h"
#include "ui/model/vitrine-model-dialog.h"
#include "ui/shell/vitrine-side.h"
#include "ui/shell/vitrine-preferences.h"
#include "ui/shell/vitrine-shortcuts.h"
#include "ui/strip/vitrine-strip-dialog.h"
#include "ui/journey/vitrine-film-dialog.h"

/* ---- files ------------------------------------------------------------------------------- */

static GtkFileFilter *
filter_new(const char *name, const char *const *patterns)
{
  GtkFileFilter *filter = gtk_file_filter_new();

  gtk_file_filter_set_name(filter, name);
  for (int i = 0; patterns[i]; i++)
    gtk_file_filter_add_pattern(filter, patterns[i]);
  return filter;
}

static void
opened_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineWindow) self = data;

  if (file && self->session)
    vitrine_opener_open(vitrine_session_get_opener(self->session), file);
}

static void
open_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  const char *patterns[] = {"*.safetensors", "*.pkl", "*.pt",  "*.pth",
                            "*.png",         "*.npy", "*.npz", NULL};
  g_autoptr(GtkFileFilter) filter = filter_new(_("Models, pictures and vectors"), patterns);

  vitrine_file_dialog_open(GTK_WINDOW(self), _("Open"), filter, opened_cb, g_object_ref(self));
}

static void
examine_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineWindow) self = data;
  g_autofree char *path = file ? g_file_get_path(file) : NULL;
  g_autofree char *uri = file ? g_file_get_uri(file) : NULL;

  if (file && self->session) /* a place elsewhere is told as a file that is not there */
    vitrine_examine_dialog_present(GTK_WINDOW(self), self->session, path ? path : uri);
}

static void
examine_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;

  vitrine_file_dialog_open(GTK_WINDOW(self), _("Choose a Picture to Examine"), NULL,
                           examine_chosen_cb, g_object_ref(self));
}

/* Of who has the picture already. */
static void
examine_path_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  g_autofree char *path = vitrine_store_decode_path(g_variant_get_string(parameter, NULL));

  vitrine_examine_dialog_present(GTK_WINDOW(self), self->session, path);
}

static void
quiz_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;

  vitrine_quiz_dialog_present(GTK_WINDOW(self), self->session);
}

static void
model_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;

  vitrine_model_dialog_present(GTK_WINDOW(self), self->session);
}

/* The data set that scores are compared with may be another one. */
static void
look_for_scores_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_needle_look(VITRINE_WINDOW(data)->needle);
}

static void
open_path_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  g_autofree char *path = vitrine_store_decode_path(g_variant_get_string(parameter, NULL));
  g_autoptr(GFile) file = g_file_new_for_path(path);

  vitrine_opener_open(vitrine_session_get_opener(self->session), file);
}

char *
vitrine_window_suggested_name(VitrineWindow *self, const char *suffix)
{
  g_autofree char *base =
      g_filename_display_basename(vitrine_session_get_model(self->session)->path);
  char *dot = strrchr(base, '.');

  if (dot && dot != base)
    *dot = '\0';
  return g_strdup_printf("%s-seed%04u%s", base, vitrine_session_get_recipe(self->session)->seed,
                         suffix);
}

static void
save_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineWindow) self = data;

  if (file && self->session)
    vitrine_saver_save_picture(vitrine_session_get_saver(self->session), file, NULL);
}

static void
save_picture_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  const char *patterns[] = {"*.png", "*.jpg", "*.jpeg", "*.webp", NULL};
  g_autoptr(GtkFileFilter) filter = filter_new(_("PNG, JPEG and WebP pictures"), patterns);
  g_autofree char *name = vitrine_window_suggested_name(self, ".png");

  vitrine_file_dialog_save(GTK_WINDOW(self), _("Save Picture"), name, filter, save_chosen_cb,
                           g_object_ref(self));
}

static void
pair_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineWindow) self = data;

  if (file && self->session)
    vitrine_save_before_after(self->session, file);
}

static void
save_before_after_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  const char *patterns[] = {"*.png", NULL};
  g_autoptr(GtkFileFilter) filter = filter_new(_("PNG pictures"), patterns);
  g_autofree char *name = vitrine_window_suggested_name(self, "-before-after.png");

  vitrine_file_dialog_save(GTK_WINDOW(self), _("Save Before and After"), name, filter,
                           pair_chosen_cb, g_object_ref(self));
}

static void
record_strip_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = VITRINE_WINDOW(data);

  vitrine_strip_dialog_present(GTK_WINDOW(self), vitrine_window_get_session(self));
}

static void
vector_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineWindow) self = data;

  if (file && self->session)
    vitrine_saver_save_vector(vitrine_session_get_saver(self->session),
                              vitrine_editor_get_space(vitrine_session_get_editor(self->session)),
                              file);
}

static void
save_vector_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  const char *patterns[] = {"*.npy", NULL};
  g_autoptr(GtkFileFilter) filter = filter_new(_("NumPy arrays"), patterns);
  gboolean z = vitrine_editor_get_space(vitrine_session_get_editor(self->session)) == SG_SPACE_Z;
  g_autofree char *name = vitrine_window_suggested_name(self, z ? "-z.npy" : "-w.npy");

  vitrine_file_dialog_save(GTK_WINDOW(self), _("Save Vector"), name, filter, vector_chosen_cb,
                           g_object_ref(self));
}

static void
load_vector_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineWindow) self = data;

  if (file && self->session)
    vitrine_opener_load_vector(vitrine_session_get_opener(self->session),
                               vitrine_editor_get_space(vitrine_session_get_editor(self->session)),
                               file);
}

static void
load_vector_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  const char *patterns[] = {"*.npy", "*.npz", NULL};
  g_autoptr(GtkFileFilter) filter = filter_new(_("NumPy arrays"), patterns);

  vitrine_file_dialog_open(GTK_WINDOW(self), _("Load Vector"), filter, load_vector_cb,
                           g_object_ref(self));
}

static void
copy_vector_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  g_autofree char *text = vitrine_saver_vector_text(
      vitrine_session_get_saver(self->session),
      vitrine_editor_get_space(vitrine_session_get_editor(self->session)));

  gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self)), text);
  adw_toast_overlay_add_toast(self->toasts, adw_toast_new(_("Vector copied")));
}

/* ---- edits ------------------------------------------------------------------------------- */

static void
undo_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_editor_undo(vitrine_session_get_editor(VITRINE_WINDOW(data)->session));
}

static void
redo_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_editor_redo(vitrine_session_get_editor(VITRINE_WINDOW(data)->session));
}

static void
reset_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_editor_reset(vitrine_session_get_editor(VITRINE_WINDOW(data)->session));
}

static void
seed_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  const char *name = g_action_get_name(G_ACTION(action));
  VitrineEditor *editor = vitrine_session_get_editor(self->session);

  if (g_str_equal(name, "next-seed"))
    vitrine_editor_step_seed(editor, 1);
  else if (g_str_equal(name, "previous-seed"))
    vitrine_editor_step_seed(editor, -1);
  else
    vitrine_editor_random_seed(editor);
}

static void
faces_action(GSimpleAction *action, GVariant *value, gpointer data)
{
  VitrineWindow *self = data;

  if (vitrine_session_get_model(self->session))
    vitrine_editor_set_faces(vitrine_session_get_editor(self->session), g_variant_get_int32(value));
}

void
vitrine_window_show_side(VitrineWindow *self)
{
  g_return_if_fail(VITRINE_IS_WINDOW(self));
  g_action_group_change_action_state(G_ACTION_GROUP(self), "side", g_variant_new_boolean(TRUE));
}

static void
jump_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;

  if (!self->pane)
    return;
  vitrine_window_show_side(self);
  vitrine_side_show(VITRINE_SIDE(self->pane), "latent");
  vitrine_latent_pane_jump(
      VITRINE_LATENT_PANE(vitrine_side_get_pane(VITRINE_SIDE(self->pane), "latent")));
}

/* For who stays where they are. */
static void
see_pane_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;

  if (!self->pane)
    return;
  vitrine_window_show_side(self);
  vitrine_side_show(VITRINE_SIDE(self->pane), g_variant_get_string(parameter, NULL));
}

static void
show_pane_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  const char *page = g_variant_get_string(parameter, NULL);

  if (!self->pane)
    return;
  see_pane_action(action, parameter, data);
  /* Who came by key goes on by key. */
  GtkWidget *pane = vitrine_side_get_pane(VITRINE_SIDE(self->pane), page);
  GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(self));
  if (pane && !(focus && gtk_widget_is_ancestor(focus, pane)))
    gtk_widget_child_focus(pane, GTK_DIR_TAB_FORWARD);
}

/* ---- the view ---------------------------------------------------------------------------- */

static void
zoom_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineCanvas *canvas = VITRINE_WINDOW(data)->canvas;
  const char *name = g_action_get_name(G_ACTION(action));

  if (g_str_equal(name, "zoom-in"))
    vitrine_canvas_zoom_in(canvas);
  else if (g_str_equal(name, "zoom-out"))
    vitrine_canvas_zoom_out(canvas);
  else if (g_str_equal(name, "zoom-one"))
    vitrine_canvas_zoom_one(canvas);
  else if (g_str_equal(name, "zoom-toggle") && vitrine_canvas_is_fit(canvas))
    vitrine_canvas_zoom_one(canvas);
  else
    vitrine_canvas_zoom_fit(canvas);
}

static void
compare_action(GSimpleAction *action, GVariant *value, gpointer data)
{
  VitrineWindow *self = data;

  g_simple_action_set_state(action, value);
  vitrine_canvas_set_divider(self->canvas, g_variant_get_boolean(value));
}

static const char *const compare_names[] = {"divided", "beside", "difference", NULL};

/* Whoever chooses how wants to compare. */
static void
compare_as_action(GSimpleAction *action, GVariant *value, gpointer data)
{
  VitrineWindow *self = data;

  for (int i = 0; compare_names[i]; i++)
    if (g_str_equal(compare_names[i], g_variant_get_string(value, NULL))) {
      g_simple_action_set_state(action, value);
      vitrine_canvas_set_compare(self->canvas, (VitrineCompare)i);
      g_action_group_change_action_state(G_ACTION_GROUP(self), "compare",
                                         g_variant_new_boolean(TRUE));
    }
}

static void
compare_next_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  GActionGroup *group = G_ACTION_GROUP(data);
  g_autoptr(GVariant) now = g_action_group_get_action_state(group, "compare-as");
  int i = 0;

  while (!g_str_equal(compare_names[i], g_variant_get_string(now, NULL)))
    i++;
  const char *next = compare_names[i + 1] ? compare_names[i + 1] : compare_names[0];
  g_action_group_change_action_state(group, "compare-as", g_variant_new_string(next));
}

/* The picture may have the whole window. */
static void
side_action(GSimpleAction *action, GVariant *value, gpointer data)
{
  g_simple_action_set_state(action, value);
  gtk_widget_set_visible(GTK_WIDGET(VITRINE_WINDOW(data)->pane_bin), g_variant_get_boolean(value));
}

static void
full_screen_action(GSimpleAction *action, GVariant *value, gpointer data)
{
  if (g_variant_get_boolean(value))
    gtk_window_fullscreen(GTK_WINDOW(data));
  else
    gtk_window_unfullscreen(GTK_WINDOW(data));
}

/* The desktop may have its own way in and out. */
static void
full_screen_cb(VitrineWindow *self)
{
  GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self), "full-screen");
  gboolean full = gtk_window_is_fullscreen(GTK_WINDOW(self));

  g_simple_action_set_state(G_SIMPLE_ACTION(action), g_variant_new_boolean(full));
}

/* A press on the picture does one thing. */
static void
drag_points_action(GSimpleAction *action, GVariant *value, gpointer data)
{
  VitrineWindow *self = data;

  g_autoptr(GVariant) now = g_action_get_state(G_ACTION(action));

  if (g_variant_equal(now, value))
    return;
  g_simple_action_set_state(action, value);
  if (g_variant_get_boolean(value))
    vitrine_spot_set_active(vitrine_session_get_spot(self->session), FALSE);
  vitrine_drag_bar_set_shown(self->drag_bar, g_variant_get_boolean(value));
  if (g_variant_get_boolean(value))
    gtk_widget_grab_focus(GTK_WIDGET(self->canvas));
}

static void
lessons_action(GSimpleAction *action, GVariant *value, gpointer data)
{
  VitrineWindow *self = data;

  g_simple_action_set_state(action, value);
  gtk_widget_set_visible(GTK_WIDGET(self->lessons), g_variant_get_boolean(value));
}

/* ---- the timeline ------------------------------------------------------------------------ */

static void
timeline_action(GSimpleAction *action, GVariant *value, gpointer data)
{
  VitrineWindow *self = data;

  g_simple_action_set_state(action, value);
  gtk_widget_set_visible(GTK_WIDGET(self->timeline), g_variant_get_boolean(value));
  vitrine_timeline_bar_set_shown(self->timeline, g_variant_get_boolean(value));
}

static void
show_timeline(VitrineWindow *self)
{
  if (!gtk_widget_get_visible(GTK_WIDGET(self->timeline)))
    g_action_group_change_action_state(G_ACTION_GROUP(self), "timeline",
                                       g_variant_new_boolean(TRUE));
}

static void
add_keyframe_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;

  show_timeline(self);
  vitrine_timeline_bar_add(self->timeline);
}

static void
record_film_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;

  show_timeline(self);
  vitrine_film_dialog_present(GTK_WINDOW(self), vitrine_timeline_bar_get_timeline(self->timeline));
}

/* ---- the application --------------------------------------------------------------------- */

/* For widgets that know no session. */
static void
say_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_session_say(VITRINE_WINDOW(data)->session, g_variant_get_string(parameter, NULL), FALSE);
}

static void
menu_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  gtk_menu_button_popup(VITRINE_WINDOW(data)->menu_button);
}

static void
shortcuts_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_shortcuts_present(GTK_WINDOW(data));
}

static void
preferences_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_preferences_present(VITRINE_WINDOW(data));
}

static void
about_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_dialogs_about(GTK_WINDOW(data));
}

static void
score_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_view_score(vitrine_session_get_view(VITRINE_WINDOW(data)->session));
}

/* There is one window: to quit is to close it, which keeps what is open. */
static void
quit_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  gtk_window_close(GTK_WINDOW(data));
}

static const GActionEntry entries[] = {
    {"open", open_action},
    {"open-path", open_path_action, "s"},
    {"examine", examine_action},
    {"examine-path", examine_path_action, "s"},
    {"quiz", quiz_action},
    {"model", model_action},
    {"look-for-scores", look_for_scores_action},
    {"score", score_action},
    {"save-picture", save_picture_action},
    {"save-before-after", save_before_after_action},
    {"record-strip", record_strip_action},
    {"copy-vector", copy_vector_action},
    {"save-vector", save_vector_action},
    {"load-vector", load_vector_action},
    {"undo", undo_action},
    {"redo", redo_action},
    {"reset", reset_action},
    {"next-seed", seed_action},
    {"previous-seed", seed_action},
    {"random-seed", seed_action},
    {"faces", NULL, "i", "1", faces_action},
    {"jump", jump_action},
    {"show-pane", show_pane_action, "s"},
    {"see-pane", see_pane_action, "s"},
    {"drag-points", NULL, NULL, "false", drag_points_action},
    {"lessons", NULL, NULL, "false", lessons_action},
    {"zoom-in", zoom_action},
    {"zoom-out", zoom_action},
    {"zoom-fit", zoom_action},
    {"zoom-one", zoom_action},
    {"zoom-toggle", zoom_action},
    {"compare", NULL, NULL, "false", compare_action},
    {"compare-as", NULL, "s", "'divided'", compare_as_action},
    {"compare-next", compare_next_action},
    {"side", NULL, NULL, "true", side_action},
    {"full-screen", NULL, NULL, "false", full_screen_action},
    {"timeline", NULL, NULL, "false", timeline_action},
    {"add-keyframe", add_keyframe_action},
    {"record-film", record_film_action},
    {"say", say_action, "s"},
    {"menu", menu_action},
    {"shortcuts", shortcuts_action},
    {"preferences", preferences_action},
    {"about", about_action},
    {"quit", quit_action},
};

static const char *const model_actions[] = {
    "save-picture",  "copy-picture",  "copy-vector",  "save-vector",  "load-vector",
    "next-seed",     "previous-seed", "random-seed",  "faces",        "jump",
    "show-pane",     "zoom-in",       "zoom-out",     "zoom-fit",     "zoom-one",
    "zoom-toggle",   "compare",       "compare-as",   "compare-next", "save-before-after",
    "record-strip",  "examine",       "examine-path", "quiz",         "timeline",
    "add-keyframe",  "record-film",   "model",        "drag-points",  "export",
    "paste-picture",
};

void
vitrine_window_init_actions(VitrineWindow *self)
{
  g_return_if_fail(VITRINE_IS_WINDOW(self));
  g_action_map_add_action_entries(G_ACTION_MAP(self), entries, G_N_ELEMENTS(entries), self);
  g_signal_connect(self, "notify::fullscreened", G_CALLBACK(full_screen_cb), NULL);
}

static void
set_enabled(VitrineWindow *self, const char *name, gboolean enabled)
{
  GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self), name);
  g_simple_action_set_enabled(G_SIMPLE_ACTION(action), enabled);
}

void
vitrine_window_update_actions(VitrineWindow *self)
{
  g_return_if_fail(VITRINE_IS_WINDOW(self));
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  gboolean undo = FALSE, redo = FALSE, modified = FALSE;
  GAction *faces = g_action_map_lookup_action(G_ACTION_MAP(self), "faces");

  g_object_get(vitrine_session_get_editor(self->session), "can-undo", &undo, "can-redo", &redo,
               "modified", &modified, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(model_actions); i++)
    set_enabled(self, model_actions[i], recipe != NULL);
  set_enabled(self, "undo", undo);
  set_enabled(self, "redo", redo);
  set_enabled(self, "reset", modified);
  if (recipe)
    g_simple_action_set_state(G_SIMPLE_ACTION(faces), g_variant_new_int32(recipe->faces));
}

void
vitrine_window_update_recent(VitrineWindow *self)
{
  g_return_if_fail(VITRINE_IS_WINDOW(self));
  g_auto(GStrv) paths = vitrine_store_recent();

  g_menu_remove_all(self->recent_menu);
  for (int i = 0; paths[i]; i++) {
    g_autofree char *target = vitrine_store_encode_path(paths[i]);
    vitrine_path_append_item(self->recent_menu, "", paths[i], (const char *const *)paths,
                             "win.open-path", target);
  }
}
