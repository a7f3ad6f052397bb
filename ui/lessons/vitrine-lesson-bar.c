#include "ui/lessons/vitrine-lesson-bar.h"
#include <glib/gi18n.h>
#include "app/work/vitrine-noise-map.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-wrap.h"

#define LEAST_WORDS 60 /* pixels */

struct _VitrineLessonBar {
  GtkBox parent_instance;
  VitrineSession *session; /* borrowed: the window has both */
  GCancellable *cancellable;
  GPtrArray *lessons; /* of VitrineLesson; NULL: not read yet */
  guint lesson, step;
  gboolean asked, mapped_noise;

  GtkDropDown *list;
  GtkStringList *titles;
  GtkLabel *where, *text, *saw;
  GtkWidget *back, *next, *scene;
};

G_DEFINE_FINAL_TYPE(VitrineLessonBar, vitrine_lesson_bar, GTK_TYPE_BOX)

GPtrArray *
vitrine_lesson_bar_get_lessons(VitrineLessonBar *self)
{
  g_return_val_if_fail(VITRINE_IS_LESSON_BAR(self), NULL);
  return self->lessons;
}

static const VitrineLesson *
lesson_of(const VitrineLessonBar *self)
{
  return self->lessons->pdata[self->lesson];
}

static const VitrineLessonStep *
step_of(const VitrineLessonBar *self)
{
  return lesson_of(self)->steps->pdata[self->step];
}

/* ---- what is shown ----------------------------------------------------------------------- */

static void
show(VitrineLessonBar *self)
{
  const VitrineLesson *lesson = lesson_of(self);
  const VitrineLessonStep *step = step_of(self);
  guint n = lesson->steps->len;
  g_autofree char *where = g_strdup_printf(_("Step %u of %u"), self->step + 1, n);
  g_autofree char *saw = g_strdup_printf(_("What the paper saw: %s"), step->saw);

  gtk_drop_down_set_selected(self->list, self->lesson);
  gtk_label_set_text(self->where, where);
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->where), lesson->paper);
  gtk_label_set_text(self->text, step->text);
  gtk_label_set_text(self->saw, saw);
  gtk_widget_set_sensitive(self->back, self->step > 0);
  gtk_widget_set_sensitive(self->next, self->step + 1 < n || self->lesson + 1 < self->lessons->len);
}

/* A map that a lesson has asked for goes with its step. */
static void
show_noise(VitrineLessonBar *self, gboolean on)
{
  if (on || self->mapped_noise)
    g_object_set(vitrine_noise_map_of(self->session), "active", on, NULL);
  self->mapped_noise = on;
}

/* One step of the history, so that undo leads back to what was there. */
static void
set_scene(VitrineLessonBar *self)
{
  const VitrineLessonStep *step = step_of(self);
  SgModel *model = vitrine_session_get_model(self->session);
  g_autoptr(GError) error = NULL;
  SgRecipe *recipe = model ? vitrine_lesson_recipe(step->scene, &model->info, &error) : NULL;

  if (!recipe) {
    vitrine_session_say(self->session, error ? error->message : _("Open a model first"), FALSE);
    return;
  }
  vitrine_session_apply(self->session, recipe, _("Scene of a lesson"), NULL);
  if (step->has_space)
    vitrine_editor_set_space(vitrine_session_get_editor(self->session), step->space);
  if (step->pane)
    gtk_widget_activate_action(GTK_WIDGET(self), "win.see-pane", "s", step->pane);
  show_noise(self, step->noise_map);
}

void
vitrine_lesson_bar_go(VitrineLessonBar *self, guint lesson, guint step)
{
  g_return_if_fail(VITRINE_IS_LESSON_BAR(self));
  g_return_if_fail(self->lessons && lesson < self->lessons->len);
  self->lesson = lesson;
  self->step = MIN(step, lesson_of(self)->steps->len - 1);
  show(self);
  set_scene(self);
}

/* ---- what the person does ---------------------------------------------------------------- */

static void
chosen_cb(VitrineLessonBar *self)
{
  guint i = gtk_drop_down_get_selected(self->list);

  if (self->lessons && i < self->lessons->len && i != self->lesson)
    vitrine_lesson_bar_go(self, i, 0);
}

static void
back_cb(VitrineLessonBar *self)
{
  vitrine_lesson_bar_go(self, self->lesson, self->step - 1);
}

static void
next_cb(VitrineLessonBar *self)
{
  if (self->step + 1 < lesson_of(self)->steps->len)
    vitrine_lesson_bar_go(self, self->lesson, self->step + 1);
  else
    vitrine_lesson_bar_go(self, self->lesson + 1, 0);
}

/* ---- reading ----------------------------------------------------------------------------- */

static void
loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(GError) error = NULL;
  GPtrArray *lessons = vitrine_lessons_load_finish(result, &error);

  if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the bar is gone */
  VitrineLessonBar *self = data;
  if (!lessons) {
    self->asked = FALSE;
    gtk_label_set_text(self->text, error->message);
    return;
  }
  self->lessons = lessons;
  for (guint i = 0; i < lessons->len; i++)
    gtk_string_list_append(self->titles, ((VitrineLesson *)lessons->pdata[i])->title);
  gtk_widget_set_sensitive(self->scene, TRUE);
  show(self);
}

/* They are read when somebody first looks. */
static void
visible_cb(VitrineLessonBar *self)
{
  gboolean shown = gtk_widget_get_visible(GTK_WIDGET(self));

  if (!shown)
    show_noise(self, FALSE);
  if (!shown || self->asked)
    return;
  self->asked = TRUE;
  vitrine_lessons_load(self->cancellable, loaded_cb, self);
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_lesson_bar_dispose(GObject *object)
{
  VitrineLessonBar *self = VITRINE_LESSON_BAR(object);

  g_cancellable_cancel(self->cancellable);
  g_clear_object(&self->cancellable);
  g_clear_pointer(&self->lessons, g_ptr_array_unref);
  G_OBJECT_CLASS(vitrine_lesson_bar_parent_class)->dispose(object);
}

static void
vitrine_lesson_bar_class_init(VitrineLessonBarClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_lesson_bar_dispose;
}

static GtkWidget *
button_new(VitrineLessonBar *self, const char *name, const char *label, const char *tip,
           void (*clicked)(VitrineLessonBar *self))
{
  GtkWidget *button = gtk_button_new_with_label(label);

  gtk_widget_set_name(button, name);
  gtk_widget_set_tooltip_text(button, tip);
  gtk_widget_set_sensitive(button, FALSE);
  g_signal_connect_swapped(button, "clicked", G_CALLBACK(clicked), self);
  return button;
}

static GtkLabel *
label_new(GtkWidget *box, const char *class)
{
  GtkWidget *label = gtk_label_new(NULL);

  gtk_label_set_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_selectable(GTK_LABEL(label), FALSE);
  if (class)
    gtk_widget_add_css_class(label, class);
  gtk_box_append(GTK_BOX(box), label);
  return GTK_LABEL(label);
}

/* All of it is seen where there is room; in a low window it scrolls, and the picture stays. */
static GtkWidget *
words_new(VitrineLessonBar *self)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);

  self->text = label_new(box, NULL);
  self->saw = label_new(box, "dim-label");
  return g_object_new(GTK_TYPE_SCROLLED_WINDOW, "child", box, "hscrollbar-policy", GTK_POLICY_NEVER,
                      "propagate-natural-height", TRUE, "min-content-height", LEAST_WORDS, NULL);
}

static GtkWidget *
head_new(VitrineLessonBar *self)
{
  GtkWidget *head = vitrine_wrap_new(6);
  GtkWidget *close = gtk_button_new_from_icon_name("window-close-symbolic");

  self->titles = gtk_string_list_new(NULL);
  self->list = GTK_DROP_DOWN(gtk_drop_down_new(G_LIST_MODEL(self->titles), NULL));
  gtk_widget_set_name(GTK_WIDGET(self->list), "lesson-list");
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->list), _("Which experiment"));
  g_signal_connect_swapped(self->list, "notify::selected", G_CALLBACK(chosen_cb), self);
  self->where = GTK_LABEL(gtk_label_new(NULL));
  gtk_label_set_ellipsize(self->where, PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign(self->where, 0);
  gtk_widget_set_hexpand(GTK_WIDGET(self->where), TRUE);
  gtk_widget_add_css_class(GTK_WIDGET(self->where), "dim-label");
  gtk_widget_add_css_class(close, "flat");
  gtk_widget_set_tooltip_text(close, _("Close the lessons"));
  gtk_actionable_set_action_name(GTK_ACTIONABLE(close), "win.lessons");
  vitrine_wrap_append(VITRINE_WRAP(head), GTK_WIDGET(self->list));
  vitrine_wrap_append(VITRINE_WRAP(head), GTK_WIDGET(self->where));
  vitrine_wrap_append(VITRINE_WRAP(head), close);
  return head;
}

static GtkWidget *
foot_new(VitrineLessonBar *self)
{
  GtkWidget *foot = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);

  self->scene = button_new(self, "lesson-scene", _("Set the Scene"),
                           _("Show what this step is about; Ctrl+Z leads back"), set_scene);
  self->back = button_new(self, "lesson-back", _("Back"), _("The step before"), back_cb);
  self->next = button_new(self, "lesson-next", _("Next"), _("The next step"), next_cb);
  gtk_widget_add_css_class(self->next, "suggested-action");
  gtk_widget_set_hexpand(self->scene, TRUE);
  gtk_widget_set_halign(self->scene, GTK_ALIGN_START);
  gtk_box_append(GTK_BOX(foot), self->scene);
  gtk_box_append(GTK_BOX(foot), self->back);
  gtk_box_append(GTK_BOX(foot), self->next);
  return foot;
}

static void
vitrine_lesson_bar_init(VitrineLessonBar *self)
{
  self->cancellable = g_cancellable_new();
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing(GTK_BOX(self), 4);
  gtk_widget_set_name(GTK_WIDGET(self), "lesson-bar");
  gtk_widget_add_css_class(GTK_WIDGET(self), "lesson-bar");
  gtk_box_append(GTK_BOX(self), head_new(self));
  gtk_box_append(GTK_BOX(self), words_new(self));
  gtk_box_append(GTK_BOX(self), foot_new(self));
  vitrine_accessible_name_all(GTK_WIDGET(self));
  g_signal_connect(self, "notify::visible", G_CALLBACK(visible_cb), NULL);
}

void
vitrine_lesson_bar_set_session(VitrineLessonBar *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_LESSON_BAR(self));
  self->session = session;
}
