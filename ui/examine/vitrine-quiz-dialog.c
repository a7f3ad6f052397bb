#include "ui/examine/vitrine-quiz-dialog.h"
#include <glib/gi18n.h>
#include "app/work/vitrine-examining.h"
#include "ui/examine/vitrine-planes.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-dialogs.h"

#define ROUNDS 12

struct _VitrineQuizDialog {
  AdwWindow parent_instance;
  VitrineSession *session;
  guint task, serial;
  VitrineExamination *pairs; /* NULL: not there yet */
  int round;                 /* ROUNDS: over */
  gboolean real_is_right;    /* of this round: on which side the real one is */
  int right, discriminator;  /* how many were told by the person and by D */

  GtkPicture *left_picture, *right_picture;
  GtkWidget *left_button, *right_button, *again_button;
  GtkLabel *question, *answer;
};

G_DEFINE_FINAL_TYPE(VitrineQuizDialog, vitrine_quiz_dialog, ADW_TYPE_WINDOW)

/* ---- rounds ---------------------------------------------------------------------------------- */

static void
show_round(VitrineQuizDialog *self)
{
  const SgExamination *e = vitrine_examination_get(self->pairs);
  const SgModel *model = sg_examination_model(e);
  g_autofree char *text =
      g_strdup_printf(_("Which one is of the data set? %d of %d"), self->round + 1, ROUNDS);

  self->real_is_right = g_random_boolean();
  g_autoptr(GdkPaintable) left = vitrine_planes_paintable(
      model, sg_examination_reference(e, !self->real_is_right, self->round));
  g_autoptr(GdkPaintable) right = vitrine_planes_paintable(
      model, sg_examination_reference(e, self->real_is_right, self->round));
  gtk_picture_set_paintable(self->left_picture, left);
  gtk_picture_set_paintable(self->right_picture, right);
  gtk_label_set_text(self->question, text);
}

static void
show_end(VitrineQuizDialog *self)
{
  gboolean judged =
      sg_examination_evidence(vitrine_examination_get(self->pairs), SG_WITNESS_LOGIT) != NULL;
  g_autofree char *own = g_strdup_printf(_("You told %d of %d pairs; by chance it would be %d."),
                                         self->right, ROUNDS, ROUNDS / 2);
  g_autofree char *other =
      judged ? g_strdup_printf(_("The model's discriminator, which has learnt nothing else, told "
                                 "%d."),
                               self->discriminator)
             : g_strdup("");
  g_autofree char *text = g_strdup_printf("%s %s", own, other);

  gtk_label_set_text(self->question, text);
}

static void
show_state(VitrineQuizDialog *self)
{
  gboolean plays = self->pairs && self->round < ROUNDS;

  gtk_widget_set_sensitive(self->left_button, plays);
  gtk_widget_set_sensitive(self->right_button, plays);
  gtk_widget_set_visible(self->again_button, self->pairs && !plays);
}

static void
choose(VitrineQuizDialog *self, gboolean chosen_right)
{
  if (!self->pairs || self->round >= ROUNDS)
    return;
  const SgEvidence *e =
      sg_examination_evidence(vitrine_examination_get(self->pairs), SG_WITNESS_LOGIT);
  gboolean right = chosen_right == self->real_is_right;

  self->right += right;
  if (e)
    self->discriminator += e->real[self->round] > e->generated[self->round];
  gtk_label_set_text(self->answer, right                 ? _("Right.")
                                   : self->real_is_right ? _("No: it was the right one.")
                                                         : _("No: it was the left one."));
  if (++self->round < ROUNDS)
    show_round(self);
  else
    show_end(self);
  show_state(self);
}

static void
left_cb(VitrineQuizDialog *self)
{
  choose(self, FALSE);
}

static void
right_cb(VitrineQuizDialog *self)
{
  choose(self, TRUE);
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static void
fail(VitrineQuizDialog *self, const char *text)
{
  gtk_label_set_text(self->question, "");
  vitrine_dialogs_message(GTK_WINDOW(self), _("There Are No Pairs"), text);
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrineQuizDialog *self = user_data;
  const VitrineExamineNews *news = data;

  if (finished) {
    self->task = 0;
    return;
  }
  if (news->error)
    fail(self, news->error);
  if (!news->all)
    return;
  const SgEvidence *e =
      sg_examination_evidence(vitrine_examination_get(news->all), SG_WITNESS_SPECTRUM);
  const SgEvidence *d =
      sg_examination_evidence(vitrine_examination_get(news->all), SG_WITNESS_LOGIT);
  if (MAX(e ? e->n_real : 0, d ? d->n_real : 0) < ROUNDS) {
    fail(self, _("Too few pictures of the data set can be read."));
    return;
  }
  self->pairs = vitrine_examination_ref(news->all);
  show_round(self);
  show_state(self);
}

static void
prepared_cb(GObject *source, GAsyncResult *result, gpointer serial)
{
  VitrineQuizDialog *self = VITRINE_QUIZ_DIALOG(source);
  const VitrineTaskClass class = vitrine_examining_class(news_cb);
  g_autoptr(GError) error = NULL;
  gpointer job = vitrine_examining_prepare_finish(result, &error);

  if (!self->session || GPOINTER_TO_UINT(serial) != self->serial) {
    g_clear_pointer(&job, vitrine_examining_job_free);
    return;
  }
  if (error)
    fail(self, error->message);
  else if (!vitrine_examining_job_has_data(job)) {
    fail(self, _("No data set is known for this model. Choose one where a picture is examined."));
    vitrine_examining_job_free(job);
  } else
    self->task =
        vitrine_view_start_task(vitrine_session_get_view(self->session), &class, job, self);
}

static void
begin(VitrineQuizDialog *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  const VitrineExamineHow how = {.references = ROUNDS, .seed = g_random_int_range(1, 10000)};

  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  self->serial++;
  self->round = self->right = self->discriminator = 0;
  g_clear_pointer(&self->pairs, vitrine_examination_unref);
  gtk_label_set_text(self->question, _("Pairs are drawn…"));
  gtk_label_set_text(self->answer, "");
  show_state(self);
  if (!model)
    return;
  g_autofree char *data = vitrine_examining_data(model->hash);
  vitrine_examining_prepare(model, NULL, data, &how, G_OBJECT(self), prepared_cb,
                            GUINT_TO_POINTER(self->serial));
}

/* ---- the dialog ------------------------------------------------------------------------------ */

/* The session has ended every task without news. */
static void
model_changed_cb(VitrineSession *session, VitrineQuizDialog *self)
{
  self->task = 0;
  gtk_window_close(GTK_WINDOW(self));
}

static void
vitrine_quiz_dialog_dispose(GObject *object)
{
  VitrineQuizDialog *self = VITRINE_QUIZ_DIALOG(object);

  if (self->session) {
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
    g_signal_handlers_disconnect_by_data(self->session, self);
  }
  g_clear_object(&self->session);
  g_clear_pointer(&self->pairs, vitrine_examination_unref);
  G_OBJECT_CLASS(vitrine_quiz_dialog_parent_class)->dispose(object);
}

static void
vitrine_quiz_dialog_class_init(VitrineQuizDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_quiz_dialog_dispose;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-quiz-dialog.ui");
  gtk_widget_class_bind_template_child(widget_class, VitrineQuizDialog, left_picture);
  gtk_widget_class_bind_template_child(widget_class, VitrineQuizDialog, right_picture);
  gtk_widget_class_bind_template_child(widget_class, VitrineQuizDialog, left_button);
  gtk_widget_class_bind_template_child(widget_class, VitrineQuizDialog, right_button);
  gtk_widget_class_bind_template_child(widget_class, VitrineQuizDialog, again_button);
  gtk_widget_class_bind_template_child(widget_class, VitrineQuizDialog, question);
  gtk_widget_class_bind_template_child(widget_class, VitrineQuizDialog, answer);
  gtk_widget_class_bind_template_callback(widget_class, left_cb);
  gtk_widget_class_bind_template_callback(widget_class, right_cb);
  gtk_widget_class_bind_template_callback(widget_class, begin);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static void
vitrine_quiz_dialog_init(VitrineQuizDialog *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *
vitrine_quiz_dialog_present(GtkWindow *parent, VitrineSession *session)
{
  VitrineQuizDialog *self = g_object_new(VITRINE_TYPE_QUIZ_DIALOG, NULL);
  vitrine_dialogs_attach(GTK_WINDOW(self), parent);

  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self, 0);
  vitrine_accessible_name_all(GTK_WIDGET(self));
  begin(self);
  gtk_window_present(GTK_WINDOW(self));
  return GTK_WIDGET(self);
}
