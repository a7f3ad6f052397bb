#include "ui/latent/vitrine-vector-button.h"

#include <glib/gi18n.h>
#include <string.h>

#include "ui/parts/vitrine-file-dialog.h"

struct _VitrineVectorButton {
  GtkBox parent_instance;
  VitrineSession *session;
  GtkWidget *button, *popover, *title, *text, *reset;
};

G_DEFINE_FINAL_TYPE(VitrineVectorButton, vitrine_vector_button, GTK_TYPE_BOX)

static gboolean
edits_z(VitrineVectorButton *self)
{
  return vitrine_editor_get_space(vitrine_session_get_editor(self->session)) == SG_SPACE_Z;
}

static gboolean
is_touched(const SgRecipe *r, gboolean z)
{
  const double *offset = z ? r->z_offset : r->w_offset;
  if ((z ? r->z_base : r->w_base) != NULL)
    return TRUE;
  for (int i = 0, n = z ? r->z_dim : r->w_dim; i < n; i++)
    if (offset[i] != 0)
      return TRUE;
  return FALSE;
}

/* Only while it is open: writing out 512 numbers at every step of a drag would be for nobody. */
static void
update(VitrineVectorButton *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  gtk_widget_set_sensitive(self->button, recipe != NULL);
  if (recipe == NULL || !gtk_widget_get_visible(self->popover))
    return;
  gboolean z = edits_z(self);
  g_autofree char *title = g_strdup_printf(_("%s of the first face, %d numbers"), z ? "z" : "w",
                                           z ? recipe->z_dim : recipe->w_dim);
  gtk_label_set_text(GTK_LABEL(self->title), title);
  g_autofree char *text = vitrine_saver_vector_text(
      vitrine_session_get_saver(self->session),
      vitrine_editor_get_space(vitrine_session_get_editor(self->session)));
  gtk_text_buffer_set_text(gtk_text_view_get_buffer(GTK_TEXT_VIEW(self->text)),
                           text != NULL ? text : "", -1);
  gtk_widget_set_sensitive(self->reset, is_touched(recipe, z));
}

static void
copy_cb(GtkButton *button, VitrineVectorButton *self)
{
  g_autofree char *text = vitrine_saver_vector_text(
      vitrine_session_get_saver(self->session),
      vitrine_editor_get_space(vitrine_session_get_editor(self->session)));
  if (text != NULL)
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self)), text);
  gtk_popover_popdown(GTK_POPOVER(self->popover));
}

/* ---- files: the answer may come when the pane is gone, and for the space that was asked about  */

typedef struct {
  VitrineSession *session;
  SgSpace space;
} FileRequest;

static FileRequest *
file_request_new(VitrineVectorButton *self)
{
  FileRequest *request = g_new0(FileRequest, 1);
  request->session = g_object_ref(self->session);
  request->space = vitrine_editor_get_space(vitrine_session_get_editor(self->session));
  gtk_popover_popdown(GTK_POPOVER(self->popover));
  return request;
}

static void
file_request_free(FileRequest *request)
{
  g_object_unref(request->session);
  g_free(request);
}

static void
save_done_cb(GFile *file, gpointer data)
{
  FileRequest *request = data;
  if (file != NULL)
    vitrine_saver_save_vector(vitrine_session_get_saver(request->session), request->space, file);
  file_request_free(request);
}

static void
load_done_cb(GFile *file, gpointer data)
{
  FileRequest *request = data;
  if (file != NULL)
    vitrine_opener_load_vector(vitrine_session_get_opener(request->session), request->space, file);
  file_request_free(request);
}

/* `read`: also what is read and never written. */
static GtkFileFilter *
vector_filter(gboolean read)
{
  GtkFileFilter *filter = gtk_file_filter_new();
  gtk_file_filter_set_name(filter, read ? _("Vectors") : _("NumPy arrays"));
  gtk_file_filter_add_pattern(filter, "*.npy");
  gtk_file_filter_add_pattern(filter, "*.npz");
  if (read)
    gtk_file_filter_add_pattern(filter, "*.pt");
  return filter;
}

static GtkWindow *
parent_window(VitrineVectorButton *self)
{
  GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));
  return GTK_IS_WINDOW(root) ? GTK_WINDOW(root) : NULL;
}

static void
save_cb(GtkButton *button, VitrineVectorButton *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  g_autoptr(GtkFileFilter) filter = vector_filter(FALSE);
  g_autofree char *name =
      g_strdup_printf("seed%04u-%s.npy", recipe->seed, edits_z(self) ? "z" : "w");
  vitrine_file_dialog_save(parent_window(self), _("Save Vector"), name, filter, save_done_cb,
                           file_request_new(self));
}

static void
load_cb(GtkButton *button, VitrineVectorButton *self)
{
  g_autoptr(GtkFileFilter) filter = vector_filter(TRUE);
  vitrine_file_dialog_open(parent_window(self), _("Load Vector"), filter, load_done_cb,
                           file_request_new(self));
}

static void
reset_cb(GtkButton *button, VitrineVectorButton *self)
{
  gboolean z = edits_z(self);
  SgRecipe *r = sg_recipe_copy(vitrine_session_get_recipe(self->session));
  g_clear_pointer(z ? &r->z_base : &r->w_base, g_free);
  memset(z ? r->z_offset : r->w_offset, 0, sizeof(double) * (z ? r->z_dim : r->w_dim));
  vitrine_session_apply(self->session, r, z ? _("Reset vector z") : _("Reset vector w"), NULL);
}

/* ---- life -- */

void
vitrine_vector_button_set_session(VitrineVectorButton *self, VitrineSession *session)
{
  g_return_if_fail(self->session == NULL);
  self->session = g_object_ref(session);
  const char *signals[] = {"model-changed", "recipe-changed", "picture-changed"};
  for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
    g_signal_connect_object(session, signals[i], G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(vitrine_session_get_editor(session), "notify::space", G_CALLBACK(update),
                          self, G_CONNECT_SWAPPED);
  g_signal_connect_swapped(self->popover, "map", G_CALLBACK(update), self);
  update(self);
}

static void
vitrine_vector_button_init(VitrineVectorButton *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
}

static void
vitrine_vector_button_dispose(GObject *object)
{
  VitrineVectorButton *self = VITRINE_VECTOR_BUTTON(object);
  if (self->popover != NULL)
    g_signal_handlers_disconnect_by_data(self->popover, self);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_VECTOR_BUTTON);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_vector_button_parent_class)->dispose(object);
}

static void
vitrine_vector_button_class_init(VitrineVectorButtonClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = vitrine_vector_button_dispose;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-vector-button.ui");
  gtk_widget_class_bind_template_child(widget_class, VitrineVectorButton, button);
  gtk_widget_class_bind_template_child(widget_class, VitrineVectorButton, popover);
  gtk_widget_class_bind_template_child(widget_class, VitrineVectorButton, title);
  gtk_widget_class_bind_template_child(widget_class, VitrineVectorButton, text);
  gtk_widget_class_bind_template_child(widget_class, VitrineVectorButton, reset);
  gtk_widget_class_bind_template_callback(widget_class, copy_cb);
  gtk_widget_class_bind_template_callback(widget_class, save_cb);
  gtk_widget_class_bind_template_callback(widget_class, load_cb);
  gtk_widget_class_bind_template_callback(widget_class, reset_cb);
}
