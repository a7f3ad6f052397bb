#include "ui/projection/vitrine-project-dialog.h"
#include "ui/shell/vitrine-window-private.h"
#include "engine/nets/fourier.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/runs/vitrine-run-ask.h"
#include "app/session/vitrine-store.h"
#include "app/work/vitrine-noise-map.h"
#include "ui/help/vitrine-help-button.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-number.h"
#include "ui/parts/vitrine-device-text.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/relatives/vitrine-face-menu.h"
#include "ui/training/vitrine-run-leave.h"
#include "ui/shell/vitrine-preferences.h"
#include "ui/shell/vitrine-side.h"
#include "ui/shell/vitrine-shortcuts.h"
#include "ui/training/vitrine-training-pane.h"
#include "ui/parts/vitrine-path.h"

/* Numbers that change with every picture are shown calmly. */
#define STATUS_MSEC 150

G_DEFINE_FINAL_TYPE(VitrineWindow, vitrine_window, ADW_TYPE_APPLICATION_WINDOW)

/* ---- what is shown about the picture ----------------------------------------------------- */

/* A file's name without its ending. A run directory's has none, but may have a number with a point
 * in it. */
static char *
name_of(gpointer window, const char *path)
{
  g_autofree char *base = path ? g_filename_display_basename(path) : g_strdup("Vitrine");
  char *dot = strrchr(base, '.');

  if (dot && dot != base && !strpbrk(dot, "0123456789"))
    *dot = '\0';
  return g_steal_pointer(&base);
}

static char *
time_text(double seconds)
{
  double ms = seconds * 1000;

  if (ms >= 1000)
    return g_strdup_printf(_("%.1f s"), seconds);
  return g_strdup_printf(ms < 9.95 ? _("%.1f ms") : _("%.0f ms"), ms);
}

static void
describe_picture(VitrineWindow *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  g_autofree char *name = name_of(self, vitrine_session_get_model(self->session)->path);
  g_autofree char *faces =
      recipe->faces == 1 ? g_strdup_printf(_("One face of %s, seed %u"), name, recipe->seed)
                         : g_strdup_printf(_("%d faces of %s, seeds %u to %u"), recipe->faces, name,
                                           recipe->seed, recipe->seed + (guint)recipe->faces - 1);
  const char *state = vitrine_canvas_get_show_original(self->canvas) ? _("unmodified, to compare")
                      : sg_recipe_is_modified(recipe)                ? _("edited")
                                                                     : _("unmodified");
  g_autofree char *text = g_strdup_printf("%s, %s", faces, state);

  vitrine_canvas_set_description(self->canvas, text);
}

/* How long the picture took; while a grid is drawn, how far it is. */
static char *
progress_text(VitrineView *view, double seconds)
{
  int drawn, faces;

  vitrine_view_get_progress(view, &drawn, &faces);
  if (vitrine_view_get_busy(view) && faces > 0)
    return g_strdup_printf(_("%d of %d faces"), drawn, faces);
  return time_text(seconds);
}

static gboolean
status_cb(gpointer data)
{
  VitrineWindow *self = data;
  g_autofree char *time = NULL, *score = NULL, *device = NULL, *tooltip = NULL;
  double seconds = 0;

  self->status_source = 0;
  if (!vitrine_session_get_model(self->session))
    return G_SOURCE_REMOVE;
  g_object_get(vitrine_session_get_view(self->session), "render-seconds", &seconds, "score-text",
               &score, NULL);
  device = vitrine_device_text_status(self->session);
  tooltip = vitrine_device_text_tooltip(self->session);
  time = progress_text(vitrine_session_get_view(self->session), seconds);
  gtk_label_set_text(self->status_time, time);
  gtk_label_set_text(self->status_score, score);
  gtk_label_set_text(self->status_device, device);
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->status_device), tooltip);
  describe_picture(self);
  return G_SOURCE_REMOVE;
}

static void
queue_status(VitrineWindow *self)
{
  if (!self->status_source)
    self->status_source = g_timeout_add(STATUS_MSEC, status_cb, self);
}

/* ---- what the template shows: functions of properties ------------------------------------- */

/* The tag of the unmodified picture: alone, or where both can be told apart. */
static gboolean
is_first_shown(gpointer window, gboolean alone, gboolean compared, gboolean difference)
{
  return alone || (compared && !difference);
}

static gboolean
is_second_shown(gpointer window, gboolean alone, gboolean compared, gboolean difference)
{
  return !alone && compared && !difference;
}

static gboolean
is_only_second(gpointer window, gboolean first, gboolean second)
{
  return !first && second;
}

static gboolean
is_not(gpointer window, gboolean value)
{
  return !value;
}

/* Of two strings. */
static gboolean
is_any(gpointer window, const char *first, const char *second)
{
  return first || second;
}

static gboolean
is_text(gpointer window, const char *text)
{
  return text && *text;
}

static gboolean
is_trouble(gpointer window, int trouble)
{
  return trouble != VITRINE_DEVICE_FINE;
}

static char *
warning_of(gpointer window, gboolean overflow, gboolean unequalised)
{
  return g_strdup(!overflow     ? _("Equalised learning rate off")
                  : unequalised ? _("Equalised learning rate off: the numbers overflow")
                                : _("The numbers overflow: this picture means nothing"));
}

static gboolean
is_warned(gpointer window, gboolean overflow, gboolean unequalised, gboolean original)
{
  return (unequalised || overflow) && !original;
}

static char *
zoom_text(gpointer window, double zoom)
{
  return g_strdup_printf(_("%.0f %%"), round(100 * zoom));
}

static char *
path_of(gpointer window, const char *path)
{
  return path ? g_filename_display_name(path) : NULL;
}

/* Where it lies, if another recent file has the same name. */
static char *
folder_of(gpointer window, const char *path)
{
  g_auto(GStrv) recent = vitrine_store_recent();
  char *folder = path ? vitrine_path_folder(path, (const char *const *)recent) : NULL;

  return folder ? folder : g_strdup("");
}

static char *
step_tooltip(const char *verb, const char *keys, const char *label)
{
  return label ? g_strdup_printf("%s: %s (%s)", verb, label, keys)
               : g_strdup_printf("%s (%s)", verb, keys);
}

static char *
undo_tooltip(gpointer window, const char *label)
{
  return step_tooltip(_("Undo"), "Ctrl+Z", label);
}

static char *
redo_tooltip(gpointer window, const char *label)
{
  return step_tooltip(_("Redo"), "Ctrl+Shift+Z", label);
}

/* ---- the session speaks ------------------------------------------------------------------ */

static void
show_run(VitrineWindow *self)
{
  if (!self->pane || !self->run)
    return;
  g_autofree char *run = g_steal_pointer(&self->run);
  VitrineSide *side = VITRINE_SIDE(self->pane);
  vitrine_window_show_side(self);
  vitrine_side_show(side, "training");
  vitrine_training_pane_open(VITRINE_TRAINING_PANE(vitrine_side_get_pane(side, "training")), run);
}

static void
add_pane(VitrineWindow *self)
{
  if (self->pane)
    return;
  self->pane = vitrine_side_new(self->session);
  adw_bin_set_child(self->pane_bin, self->pane);
  show_run(self);
}

/* The pane is the heavier half: it is built once the first picture has been painted, which is the
 * frame after the one that was begun when the picture came. */
static gboolean
add_pane_cb(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  VitrineWindow *self = VITRINE_WINDOW(widget);

  if (self->pane_ticks++ == 0)
    return G_SOURCE_CONTINUE;
  add_pane(self);
  return G_SOURCE_REMOVE;
}

static void
picture_changed_cb(VitrineSession *session, VitrineWindow *self)
{
  int width, height;
  GdkTexture *map = vitrine_noise_map_get_texture(vitrine_noise_map_of(session));
  GdkTexture *texture = map ? map : vitrine_view_get_texture(vitrine_session_get_view(session));

  if (self->filming) /* the canvas shows a frame of the film */
    texture = NULL;
  vitrine_view_get_picture_size(vitrine_session_get_view(session), &width, &height);
  if (texture) {
    int face = sg_info_width(&vitrine_session_get_model(session)->info);
    vitrine_canvas_set_picture(self->canvas, texture, width, height);
    vitrine_canvas_set_columns(self->canvas, MAX(width / MAX(face, 1), 1));
  }
  if (!self->pane && !self->pane_tick)
    self->pane_tick = gtk_widget_add_tick_callback(GTK_WIDGET(self), add_pane_cb, NULL, NULL);
  queue_status(self);
}

static void
original_cb(VitrineWindow *self)
{
  GdkTexture *original = vitrine_view_get_original(vitrine_session_get_view(self->session));

  vitrine_canvas_set_original(self->canvas, self->filming ? NULL : original);
}

/* Where noise acts is shown in the picture's place. */
static void
map_cb(VitrineWindow *self)
{
  picture_changed_cb(self->session, self);
}

/* The zoom, or the size of the window, is another one. */
static void
view_changed_cb(VitrineWindow *self)
{
  SgModel *model = self->session ? vitrine_session_get_model(self->session) : NULL;

  if (model && !self->filming)
    vitrine_view_set_shown_size(vitrine_session_get_view(self->session),
                                vitrine_canvas_get_zoom(self->canvas) *
                                    sg_info_height(&model->info));
  queue_status(self);
}

/* A frame of the film takes the picture's place, until the film is left. */
static void
frame_cb(VitrineWindow *self)
{
  GdkTexture *frame = vitrine_player_get_frame(vitrine_timeline_bar_get_player(self->timeline));
  gboolean was = self->filming;

  self->filming = frame != NULL;
  if (self->filming != was)
    original_cb(self);
  if (frame) {
    vitrine_canvas_set_picture(self->canvas, frame, gdk_texture_get_width(frame),
                               gdk_texture_get_height(frame));
    vitrine_canvas_set_columns(self->canvas, 1);
  } else if (was) {
    picture_changed_cb(self->session, self);
  }
}

/* It alone, with its seed and all that is done to it. */
static void
face_activated_cb(VitrineCanvas *canvas, int face, VitrineWindow *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);

  if (recipe && recipe->faces > 1 && face < recipe->faces)
    vitrine_session_apply(self->session, sg_recipe_face(recipe, face), _("One face"), NULL);
}

/* Ctrl and an arrow, or a drag: what the model draws lies elsewhere. */
static void
moved_cb(VitrineCanvas *canvas, double degrees, double x, double y, gboolean key,
         VitrineWindow *self)
{
  const SgRecipe *shown = vitrine_session_get_recipe(self->session);

  if (!shown)
    return;
  SgRecipe *recipe = sg_recipe_copy(shown);
  const SgMotion first = {shown->rotate, shown->translate_x, shown->translate_y};
  SgMotion all = sg_motion_then(&first, &(SgMotion){degrees, x, y});
  recipe->rotate = all.degrees;
  recipe->translate_x = all.x;
  recipe->translate_y = all.y;
  vitrine_session_apply(self->session, recipe, degrees != 0 ? _("Turn") : _("Move"),
                        key ? "motion" : NULL);
}

static void
model_changed_cb(VitrineSession *session, VitrineWindow *self)
{
  SgModel *model = vitrine_session_get_model(session);

  vitrine_canvas_set_movable(self->canvas,
                             model && sg_network_is_movable(sg_model_generator(model)));
  gtk_stack_set_visible_child_name(self->stack, "work");
  vitrine_window_update_recent(self);
}

static void
recipe_changed_cb(VitrineSession *session, VitrineWindow *self)
{
  vitrine_window_update_actions(self);
  queue_status(self);
}

static void
loading_cb(VitrineWindow *self)
{
  gboolean loading = vitrine_opener_is_loading(vitrine_session_get_opener(self->session));

  if (!vitrine_session_get_model(self->session))
    gtk_stack_set_visible_child_name(self->stack, loading ? "starting" : "empty");
}

static void
message_cb(VitrineSession *session, const char *text, gboolean is_error, VitrineWindow *self)
{
  if (!is_error && vitrine_window_say_saved(self, text))
    return;
  if (!is_error) {
    adw_toast_overlay_add_toast(self->toasts, adw_toast_new(text));
    return;
  }
  g_auto(GStrv) parts = g_strsplit(text, "\n\n", 2);
  if (self->dialog)
    vitrine_dialogs_close(self->dialog); /* the newest counts; a pile of them helps nobody */
  g_set_weak_pointer(&self->dialog,
                     vitrine_dialogs_message(GTK_WINDOW(self), parts[0], parts[1] ? parts[1] : ""));
}

static void
foreign_picture_cb(VitrineOpener *opener, const char *path, GdkTexture *preview,
                   VitrineWindow *self)
{
  vitrine_project_dialog_present(GTK_WINDOW(self), self->session, path, preview);
}

static void
follow(VitrineWindow *self, gpointer part, const char *signal, void (*show)(VitrineWindow *self))
{
  g_signal_connect_object(part, signal, G_CALLBACK(show), self, G_CONNECT_SWAPPED);
}

/* Where the picture has the focus: in a field it pastes text. */
static void
add_paste_key(VitrineWindow *self)
{
  GtkEventController *keys = gtk_shortcut_controller_new();

  gtk_shortcut_controller_add_shortcut(
      GTK_SHORTCUT_CONTROLLER(keys),
      gtk_shortcut_new(gtk_keyval_trigger_new(GDK_KEY_v, GDK_CONTROL_MASK),
                       gtk_named_action_new("win.paste-picture")));
  gtk_widget_add_controller(GTK_WIDGET(self->canvas), keys);
}

/* Escape on the picture lets go. */
static void
grips_cb(VitrineWindow *self)
{
  gboolean active = vitrine_grips_get_active(vitrine_drag_bar_get_grips(self->drag_bar));

  g_action_group_change_action_state(G_ACTION_GROUP(self), "drag-points",
                                     g_variant_new_boolean(active));
}

static void
connect_session(VitrineWindow *self)
{
  VitrineSession *session = self->session;

  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self, 0);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(recipe_changed_cb), self, 0);
  g_signal_connect_object(session, "picture-changed", G_CALLBACK(picture_changed_cb), self, 0);
  g_signal_connect_object(session, "message", G_CALLBACK(message_cb), self, 0);
  vitrine_window_follow_saver(self);
  vitrine_picture_bar_set_session(self->picture_bar, session);
  add_paste_key(self);
  vitrine_drag_bar_set_session(self->drag_bar, session);
  vitrine_canvas_set_grips(self->canvas, vitrine_drag_bar_get_grips(self->drag_bar));
  follow(self, vitrine_drag_bar_get_grips(self->drag_bar), "notify::active", grips_cb);
  vitrine_lesson_bar_set_session(self->lessons, session);
  vitrine_timeline_bar_set_session(self->timeline, session);
  follow(self, vitrine_timeline_bar_get_player(self->timeline), "changed", frame_cb);
  follow(self, vitrine_noise_map_of(session), "changed", map_cb);
  follow(self, vitrine_session_get_view(session), "notify::original-texture", original_cb);
  follow(self, vitrine_session_get_view(session), "notify::score-text", queue_status);
  follow(self, vitrine_session_get_view(session), "notify::rough", queue_status);
  follow(self, vitrine_session_get_view(session), "notify::busy", queue_status);
  follow(self, vitrine_session_get_view(session), "notify::texture", queue_status);
  g_signal_connect_object(vitrine_session_get_opener(session), "foreign-picture",
                          G_CALLBACK(foreign_picture_cb), self, 0);
  follow(self, vitrine_session_get_opener(session), "notify::loading", loading_cb);
  follow(self, vitrine_session_get_device(session), "notify::title", queue_status);
}

/* ---- runs -------------------------------------------------------------------------------- */

void
vitrine_window_show_run(VitrineWindow *self, const char *run_dir)
{
  g_return_if_fail(VITRINE_IS_WINDOW(self));
  g_free(self->run);
  self->run = g_strdup(run_dir);
  show_run(self);
}

static void
recognised_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineWindow *self = VITRINE_WINDOW(source);
  const char *run = vitrine_run_recognise_finish(result);

  if (run && self->session)
    vitrine_window_show_run(self, run);
}

void
vitrine_window_show_if_run(VitrineWindow *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_WINDOW(self));
  const char *path = g_file_peek_path(file);

  if (path)
    vitrine_run_recognise(path, G_OBJECT(self), recognised_cb);
}

void
vitrine_window_say_unopened(VitrineWindow *self, GFile *opened, guint others)
{
  g_return_if_fail(VITRINE_IS_WINDOW(self));
  g_autofree char *base = g_file_get_basename(opened);
  g_autofree char *name = g_filename_display_name(base);
  g_autofree char *text =
      g_strdup_printf(ngettext("One file at a time: %2$s was opened, %1$u other was not",
                               "One file at a time: %2$s was opened, %1$u others were not", others),
                      others, name);

  if (others > 0)
    vitrine_session_say(self->session, text, FALSE);
}

/* ---- closing -------------------------------------------------------------------------------- */

static gboolean
vitrine_window_close_request(GtkWindow *window)
{
  VitrineWindow *self = VITRINE_WINDOW(window);

  if (vitrine_run_leave_ask(window))
    return TRUE;
  vitrine_window_store_layout(self);
  vitrine_session_store(self->session);
  return GTK_WINDOW_CLASS(vitrine_window_parent_class)->close_request(window);
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_window_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object(value, VITRINE_WINDOW(object)->session);
}

static void
vitrine_window_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VITRINE_WINDOW(object)->session = g_value_dup_object(value);
}

static void
vitrine_window_dispose(GObject *object)
{
  VitrineWindow *self = VITRINE_WINDOW(object);

  g_clear_handle_id(&self->status_source, g_source_remove);
  g_clear_handle_id(&self->place_source, g_source_remove);
  g_clear_weak_pointer(&self->dialog);
  g_clear_pointer(&self->run, g_free);
  g_clear_object(&self->saved);
  /* While the window is still there for what is bound to it. */
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_WINDOW);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_window_parent_class)->dispose(object);
}

static void
bind_children(GtkWidgetClass *class)
{
#define BIND(name) gtk_widget_class_bind_template_child(class, VitrineWindow, name)
  BIND(toasts);
  BIND(adaptive);
  BIND(header);
  BIND(open_button);
  BIND(undo_button);
  BIND(redo_button);
  BIND(timeline_button);
  BIND(compare_button);
  BIND(save_button);
  BIND(menu_button);
  BIND(recent_menu);
  BIND(stack);
  BIND(paned);
  BIND(pane_bin);
  BIND(canvas_frame);
  BIND(canvas);
  BIND(picture_bar);
  BIND(drag_bar);
  BIND(lessons);
  BIND(timeline);
  BIND(missing_banner);
  BIND(needle);
  BIND(status_score);
  BIND(status_time);
  BIND(status_device);
#undef BIND
#define FUNCTION(name) gtk_widget_class_bind_template_callback(class, name)
  FUNCTION(name_of);
  FUNCTION(path_of);
  FUNCTION(folder_of);
  FUNCTION(is_first_shown);
  FUNCTION(is_second_shown);
  FUNCTION(is_any);
  FUNCTION(is_not);
  FUNCTION(is_text);
  FUNCTION(is_trouble);
  FUNCTION(is_only_second);
  FUNCTION(warning_of);
  FUNCTION(is_warned);
  FUNCTION(zoom_text);
  FUNCTION(undo_tooltip);
  FUNCTION(redo_tooltip);
#undef FUNCTION
}

static void
vitrine_window_class_init(VitrineWindowClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_window_dispose;
  G_OBJECT_CLASS(class)->get_property = vitrine_window_get_property;
  G_OBJECT_CLASS(class)->set_property = vitrine_window_set_property;
  g_object_class_install_property(
      G_OBJECT_CLASS(class), 1,
      g_param_spec_object("session", NULL, NULL, VITRINE_TYPE_SESSION,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
  GTK_WINDOW_CLASS(class)->close_request = vitrine_window_close_request;
  g_type_ensure(VITRINE_TYPE_ADAPTIVE);
  g_type_ensure(VITRINE_TYPE_CANVAS);
  g_type_ensure(VITRINE_TYPE_FOLLOW_BADGE);
  g_type_ensure(VITRINE_TYPE_DEVICE_BANNER);
  g_type_ensure(VITRINE_TYPE_MISSING_BANNER);
  g_type_ensure(VITRINE_TYPE_HELP_BUTTON);
  g_type_ensure(VITRINE_TYPE_NEEDLE);
  g_type_ensure(VITRINE_TYPE_PICTURE_BAR);
  g_type_ensure(VITRINE_TYPE_DRAG_BAR);
  g_type_ensure(VITRINE_TYPE_LESSON_BAR);
  g_type_ensure(VITRINE_TYPE_TIMELINE_BAR);
  gtk_widget_class_set_template_from_resource(widget_class,
                                              "/io/github/vitrine/Vitrine/ui/vitrine-window.ui");
  bind_children(widget_class);
}

static void
vitrine_window_init(VitrineWindow *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
  gtk_window_set_icon_name(GTK_WINDOW(self), "io.github.vitrine.Vitrine");
  g_signal_connect_swapped(self->canvas, "view-changed", G_CALLBACK(view_changed_cb), self);
  g_signal_connect(self->canvas, "face-activated", G_CALLBACK(face_activated_cb), self);
  g_signal_connect(self->canvas, "moved", G_CALLBACK(moved_cb), self);
  vitrine_window_init_actions(self);
  vitrine_shortcuts_bind(GTK_WINDOW(self));
  vitrine_window_init_input(self);
  vitrine_window_init_layout(self);
  vitrine_window_init_export(self);
  vitrine_canvas_set_scaling(self->canvas, vitrine_preferences_get_scaling());
  vitrine_window_set_letter_keys(self, vitrine_preferences_get_letter_keys());
}

void
vitrine_window_set_letter_keys(VitrineWindow *self, gboolean on)
{
  g_return_if_fail(VITRINE_IS_WINDOW(self));
  vitrine_shortcuts_set_letters(GTK_WINDOW(self), on);
  gtk_event_controller_set_propagation_phase(self->held_key,
                                             on ? GTK_PHASE_BUBBLE : GTK_PHASE_NONE);
}

GtkWidget *
vitrine_window_new(GtkApplication *application, VitrineSession *session, gboolean expect_model)
{
  VitrineWindow *self =
      g_object_new(VITRINE_TYPE_WINDOW, "application", application, "session", session, NULL);

  vitrine_window_restore_layout(self); /* "maximized" is a property that construction sets */
  connect_session(self);
  vitrine_needle_set_session(self->needle, self->session);
  vitrine_canvas_set_spot(self->canvas, vitrine_session_get_spot(session));
  vitrine_missing_banner_set_session(self->missing_banner, session);
  vitrine_face_menu_add(self->canvas, session);
  gtk_stack_set_visible_child_name(self->stack, expect_model ? "starting" : "empty");
  if (vitrine_session_get_model(session)) {
    model_changed_cb(session, self);
    picture_changed_cb(session, self);
    original_cb(self);
  }
  vitrine_window_update_actions(self);
  vitrine_window_update_recent(self);
  vitrine_accessible_name_all(GTK_WIDGET(self));
  vitrine_numeric_all(GTK_WIDGET(self));
  return GTK_WIDGET(self);
}

VitrineSession *
vitrine_window_get_session(VitrineWindow *self)
{
  g_return_val_if_fail(VITRINE_IS_WINDOW(self), NULL);
  return self->session;
}

VitrineCanvas *
vitrine_window_get_canvas(VitrineWindow *self)
{
  g_return_val_if_fail(VITRINE_IS_WINDOW(self), NULL);
  return self->canvas;
}

GtkWidget *
vitrine_window_get_dialog(VitrineWindow *self)
{
  g_return_val_if_fail(VITRINE_IS_WINDOW(self), NULL);
  return self->dialog;
}
