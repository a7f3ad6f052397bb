#include "ui/pruning/vitrine-pruning-reals.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/work/vitrine-real-pictures.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-number.h"

struct _VitrinePruningReals {
  GtkBox parent_instance;
  VitrineSession *session;
  VitrinePruningSweep *sweep; /* borrowed */
  GtkLabel *label;
  GtkWidget *button;
  GtkPopover *menu;
  guint serial;                  /* of the newest reading; older ones are dropped */
  guint task;                    /* scoring */
  gboolean looked;               /* for the data set of this model's training */
  VitrineRealPictures *pictures; /* of that or another set, to be scored again; NULL: none */
  gboolean behind;               /* new weights have come since `task` was started */
  char *name;                    /* of the data set, for people; NULL: none */
};

G_DEFINE_FINAL_TYPE(VitrinePruningReals, vitrine_pruning_reals, GTK_TYPE_BOX)

/* ---- what is shown ----------------------------------------------------------------------- */

static gboolean
has_discriminator(VitrinePruningReals *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  return model && model->info.has_d;
}

static void
show_nothing(VitrinePruningReals *self, const char *text)
{
  gtk_label_set_text(self->label, text);
  vitrine_pruning_sweep_set_real(self->sweep, NAN);
}

static void
show_summary(VitrinePruningReals *self, const SgScoreSummary *s)
{
  g_autofree char *text = g_strdup_printf(
      ngettext("Real (%d picture of %s): logit %.3f ± %.3f, sigmoid %.3f ± %.3f",
               "Real (%d pictures of %s): logit %.3f ± %.3f, sigmoid %.3f ± %.3f",
               (unsigned long)s->images),
      s->images, self->name, s->logit_mean, s->logit_std, s->score_mean, s->score_std);

  gtk_label_set_text(self->label, text);
  vitrine_pruning_sweep_set_real(self->sweep, s->score_mean);
}

static void
show_error(VitrinePruningReals *self, const GError *error)
{
  g_autofree char *text =
      g_strconcat(_("The real pictures could not be scored"), "\n\n", error->message, NULL);

  show_nothing(self, _("Real pictures: not scored"));
  vitrine_session_say(self->session, text, TRUE);
}

/* ---- scoring --------------------------------------------------------------------------------- */

static void renew(VitrinePruningReals *self);

static void
scored_cb(gpointer news, gboolean finished, gpointer user_data)
{
  VitrinePruningReals *self = user_data;
  const VitrineRealScore *score = news;

  if (score && score->error)
    show_error(self, score->error);
  else if (score)
    show_summary(self, &score->summary);
  if (!finished)
    return;
  self->task = 0;
  renew(self);
}

static void
score(VitrinePruningReals *self)
{
  self->behind = FALSE;
  self->task = vitrine_real_pictures_score(self->pictures, vitrine_session_get_view(self->session),
                                           scored_cb, self);
}

/* One score after the other, however often new weights come, and only while it is seen. The last
 * one stays until then. */
static void
renew(VitrinePruningReals *self)
{
  if (self->behind && self->pictures && !self->task && gtk_widget_get_mapped(GTK_WIDGET(self)))
    score(self);
}

static void
weights_changed_cb(VitrinePruningReals *self)
{
  self->behind = TRUE;
  renew(self);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void
read_cb(GObject *source, GAsyncResult *result, gpointer serial)
{
  VitrinePruningReals *self = VITRINE_PRUNING_REALS(source);
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  VitrineRealPictures *pictures = vitrine_real_pictures_finish(result, &name, &error);

  /* The pane is gone, another model is open, or another set was chosen. */
  if (!self->session || GPOINTER_TO_UINT(serial) != self->serial) {
    g_clear_pointer(&pictures, vitrine_real_pictures_unref);
    return;
  }
  if (error) {
    show_error(self, error);
  } else if (!pictures) {
    show_nothing(self, _("Real pictures: no data set is known"));
  } else {
    g_free(self->name);
    self->name = g_steal_pointer(&name);
    self->pictures = pictures;
    score(self);
  }
}

static void
start(VitrinePruningReals *self, const char *path)
{
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  g_clear_pointer(&self->pictures, vitrine_real_pictures_unref);
  show_nothing(self, _("Real pictures: …"));
  self->serial++;
  vitrine_real_pictures_read(vitrine_session_get_model(self->session), path, G_OBJECT(self),
                             read_cb, GUINT_TO_POINTER(self->serial));
}

void
vitrine_pruning_reals_choose(VitrinePruningReals *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_PRUNING_REALS(self));
  g_autofree char *path = g_file_get_path(file);
  g_autofree char *uri = g_file_get_uri(file);

  if (!has_discriminator(self))
    return;
  self->looked = TRUE;
  start(self, path ? path : uri); /* a place elsewhere is told as a file that is not there */
}

/* Only once somebody looks: opening a model is not to wait for its data set. */
static void
look(VitrinePruningReals *self)
{
  if (self->looked || !self->session || !gtk_widget_get_mapped(GTK_WIDGET(self)) ||
      !has_discriminator(self))
    return;
  self->looked = TRUE;
  start(self, NULL);
}

static void
model_changed_cb(VitrinePruningReals *self)
{
  if (!self->session) /* the pane is gone */
    return;
  self->task = 0; /* the session has ended the old model's */
  self->serial++;
  self->looked = self->behind = FALSE;
  g_clear_pointer(&self->pictures, vitrine_real_pictures_unref);
  show_nothing(self, NULL);
  gtk_widget_set_visible(GTK_WIDGET(self), has_discriminator(self));
  look(self);
}

/* ---- choosing ---------------------------------------------------------------------------- */

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrinePruningReals) self = data;
  if (file && self->session)
    vitrine_pruning_reals_choose(self, file);
}

static GtkWindow *
window_of(VitrinePruningReals *self)
{
  GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));
  return GTK_IS_WINDOW(root) ? GTK_WINDOW(root) : NULL;
}

static void
folder_cb(GtkButton *button, VitrinePruningReals *self)
{
  gtk_popover_popdown(self->menu);
  vitrine_file_dialog_folder(window_of(self), _("Folder of Real Pictures"), chosen_cb,
                             g_object_ref(self));
}

static void
file_cb(GtkButton *button, VitrinePruningReals *self)
{
  gtk_popover_popdown(self->menu);
  vitrine_file_dialog_open(window_of(self), _("Data Set in a File"), NULL, chosen_cb,
                           g_object_ref(self));
}

static gboolean
drop_cb(GtkDropTarget *target, const GValue *value, double x, double y, VitrinePruningReals *self)
{
  vitrine_pruning_reals_choose(self, g_value_get_object(value));
  return TRUE;
}

/* ---- life -------------------------------------------------------------------------------- */

void
vitrine_pruning_reals_set_session(VitrinePruningReals *self, VitrineSession *session,
                                  VitrinePruningSweep *sweep)
{
  g_return_if_fail(VITRINE_IS_PRUNING_REALS(self));
  self->session = g_object_ref(session);
  self->sweep = sweep;
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(weights_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect(self, "map", G_CALLBACK(look), NULL);
  g_signal_connect(self, "map", G_CALLBACK(renew), NULL);
  model_changed_cb(self);
}

static void
menu_item(VitrinePruningReals *self, GtkWidget *box, const char *text, const char *name,
          GCallback func)
{
  GtkWidget *button = gtk_button_new_with_mnemonic(text);

  gtk_widget_add_css_class(button, "flat");
  gtk_widget_set_name(button, name);
  g_signal_connect(button, "clicked", func, self);
  gtk_box_append(GTK_BOX(box), button);
}

static void
vitrine_pruning_reals_init(VitrinePruningReals *self)
{
  GtkDropTarget *drop = gtk_drop_target_new(G_TYPE_FILE, GDK_ACTION_COPY);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

  gtk_box_set_spacing(GTK_BOX(self), 8);
  self->label = GTK_LABEL(gtk_label_new(NULL));
  gtk_widget_set_name(GTK_WIDGET(self->label), "prune-real");
  gtk_label_set_wrap(self->label, TRUE);
  gtk_label_set_xalign(self->label, 0);
  gtk_widget_set_hexpand(GTK_WIDGET(self->label), TRUE);
  vitrine_numeric(GTK_WIDGET(self->label));
  self->menu = GTK_POPOVER(gtk_popover_new());
  menu_item(self, box, _("_Folder…"), "prune-real-folder", G_CALLBACK(folder_cb));
  menu_item(self, box, _("F_ile (ZIP, IDX)…"), "prune-real-file", G_CALLBACK(file_cb));
  gtk_popover_set_child(self->menu, box);
  self->button = gtk_menu_button_new();
  gtk_menu_button_set_label(GTK_MENU_BUTTON(self->button), _("Real Images…"));
  gtk_menu_button_set_popover(GTK_MENU_BUTTON(self->button), GTK_WIDGET(self->menu));
  gtk_widget_set_name(self->button, "prune-real-button");
  gtk_widget_set_valign(self->button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text(self->button,
                              _("A data set, the first 32 pictures of which are scored too; it can "
                                "be dropped here as well"));
  gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->label));
  gtk_box_append(GTK_BOX(self), self->button);
  g_signal_connect(drop, "drop", G_CALLBACK(drop_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drop));
}

static void
vitrine_pruning_reals_dispose(GObject *object)
{
  VitrinePruningReals *self = VITRINE_PRUNING_REALS(object);

  if (self->session)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  g_clear_pointer(&self->pictures, vitrine_real_pictures_unref);
  g_clear_object(&self->session);
  g_clear_pointer(&self->name, g_free);
  G_OBJECT_CLASS(vitrine_pruning_reals_parent_class)->dispose(object);
}

static void
vitrine_pruning_reals_class_init(VitrinePruningRealsClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_pruning_reals_dispose;
}
