#include "ui/explore/vitrine-find-one.h"
#include <glib/gi18n.h>
#include <math.h>
#include "ui/charts/vitrine-plot.h"
#include "ui/explore/vitrine-face-grid.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-number.h"

struct _VitrineFindOne {
  AdwWindow parent_instance;
  VitrineShelf *shelf;
  VitrineLabelling *labelling;
  VitrineFacePictures *pictures;

  VitrineFaceGrid *grid;
  GtkEntry *name;
  GtkLabel *state, *auc;
  GtkProgressBar *progress;
  VitrinePlot *curve;
};

G_DEFINE_FINAL_TYPE(VitrineFindOne, vitrine_find_one, ADW_TYPE_WINDOW)

/* ---- what is shown ----------------------------------------------------------------------- */

static void
show_curve(VitrineFindOne *self)
{
  const GArray *curve = vitrine_labelling_get_curve(self->labelling);
  guint n = curve->len;
  g_autofree double *x = g_new(double, n + 1), *y = g_new(double, 3 * (n + 1));

  for (guint i = 0; i < n; i++) {
    const VitrineLabellingPoint *p = &g_array_index(curve, VitrineLabellingPoint, i);
    x[i] = p->labels;
    y[i] = p->auc;
    y[n + i] = fmax(0, p->auc - p->error);
    y[2 * n + i] = fmin(1, p->auc + p->error);
  }
  vitrine_plot_set_series(self->curve, 0, _("AUC"), VITRINE_PLOT_LINE, n, x, y);
  vitrine_plot_set_series(self->curve, 1, _("AUC − error"), VITRINE_PLOT_DASHED, n, x, y + n);
  vitrine_plot_set_series(self->curve, 2, _("AUC + error"), VITRINE_PLOT_DASHED, n, x, y + 2 * n);
  vitrine_plot_set_x_range(self->curve, 0, fmax(SG_FEW_LABELS, n ? x[n - 1] : 0));
  const VitrineLabellingPoint *last =
      n ? &g_array_index(curve, VitrineLabellingPoint, n - 1) : NULL;
  g_autofree char *text = last ? g_strdup_printf(_("AUC %.2f ± %.2f"), last->auc, last->error)
                               : g_strdup(_("AUC not known yet"));
  gtk_label_set_text(self->auc, text);
}

static void
changed_cb(VitrineFindOne *self)
{
  g_autofree char *text = vitrine_labelling_describe(self->labelling);
  guint labels = vitrine_labelling_count(self->labelling, VITRINE_LABEL_YES) +
                 vitrine_labelling_count(self->labelling, VITRINE_LABEL_NO);
  GtkWidget *widget = GTK_WIDGET(self);

  gtk_label_set_text(self->state, text);
  gtk_progress_bar_set_fraction(self->progress, fmin(1, (double)labels / SG_FEW_LABELS));
  show_curve(self);
  gtk_widget_action_set_enabled(widget, "find.add", vitrine_labelling_is_ready(self->labelling));
  gtk_widget_action_set_enabled(widget, "find.export", labels > 0);
  gtk_widget_action_set_enabled(widget, "find.start-over", labels > 0);
  gtk_widget_action_set_enabled(widget, "find.undo", vitrine_labelling_can_undo(self->labelling));
}

static void
failed_cb(VitrineFindOne *self, const char *error)
{
  vitrine_dialogs_message(GTK_WINDOW(self), _("Faces Cannot Be Drawn"), error);
}

/* ---- what the person does ---------------------------------------------------------------- */

static void
yes_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  vitrine_face_grid_label(VITRINE_FIND_ONE(widget)->grid, VITRINE_LABEL_YES);
}

static void
no_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  vitrine_face_grid_label(VITRINE_FIND_ONE(widget)->grid, VITRINE_LABEL_NO);
}

static void
rest_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  vitrine_face_grid_label_rest(VITRINE_FIND_ONE(widget)->grid, VITRINE_LABEL_NO);
}

static void
next_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  vitrine_labelling_next_page(VITRINE_FIND_ONE(widget)->labelling);
}

static void
undo_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  vitrine_labelling_undo(VITRINE_FIND_ONE(widget)->labelling);
}

static void
add_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  VitrineFindOne *self = VITRINE_FIND_ONE(widget);
  VitrineDirection *added = vitrine_labelling_add_direction(self->labelling);

  if (!added)
    return;
  g_autofree char *text =
      g_strdup_printf(_("“%s” is among your directions now"), vitrine_direction_get_name(added));
  gtk_label_set_text(self->state, text);
}

static void
start_over_cb(const char *id, gpointer data)
{
  g_autoptr(VitrineFindOne) self = data;

  if (g_str_equal(id, "start-over"))
    vitrine_labelling_start_over(self->labelling);
}

static void
start_over_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  static const VitrineChoice choices[] = {
      {"cancel", N_("_Cancel"), VITRINE_CHOICE_PLAIN},
      {"start-over", N_("_Start Over"), VITRINE_CHOICE_DESTRUCTIVE},
      {NULL, NULL, 0}};

  vitrine_dialogs_ask(GTK_WINDOW(widget), _("Start Over?"),
                      _("All labels go. Directions that they gave stay."), choices, NULL,
                      start_over_cb, g_object_ref(widget));
}

static void
import_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineFindOne) self = data;

  if (file)
    vitrine_labelling_import(self->labelling, file);
}

static void
import_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  vitrine_file_dialog_open(GTK_WINDOW(widget), _("Import Labels"), NULL, import_chosen_cb,
                           g_object_ref(widget));
}

static void
export_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineFindOne) self = data;

  if (file)
    vitrine_labelling_export(self->labelling, file);
}

static void
export_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  vitrine_file_dialog_save(GTK_WINDOW(widget), _("Export Labels"), "labels.csv", NULL,
                           export_chosen_cb, g_object_ref(widget));
}

/* Enter: what was named is to be looked for. */
static void
named_cb(GtkEntry *entry, VitrineFindOne *self)
{
  vitrine_face_grid_focus_first(self->grid);
}

/* The faces of another model have nothing to do with these labels, which are kept. */
static void
model_cb(VitrineFindOne *self)
{
  gtk_window_destroy(GTK_WINDOW(self));
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_find_one_dispose(GObject *object)
{
  VitrineFindOne *self = VITRINE_FIND_ONE(object);

  if (self->pictures)
    vitrine_face_pictures_close(self->pictures);
  if (self->labelling) {
    g_signal_handlers_disconnect_by_data(self->labelling, self);
    vitrine_labelling_close(self->labelling);
  }
  g_clear_object(&self->pictures);
  g_clear_object(&self->labelling);
  g_clear_object(&self->shelf);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_FIND_ONE);
  G_OBJECT_CLASS(vitrine_find_one_parent_class)->dispose(object);
}

static void
vitrine_find_one_class_init(VitrineFindOneClass *class)
{
  static const struct {
    const char *name;
    GtkWidgetActionActivateFunc act;
  } actions[] = {
      {"find.yes", yes_action},       {"find.no", no_action},
      {"find.rest", rest_action},     {"find.next", next_action},
      {"find.undo", undo_action},     {"find.add", add_action},
      {"find.import", import_action}, {"find.start-over", start_over_action},
      {"find.export", export_action},
  };
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  g_type_ensure(VITRINE_TYPE_PLOT);
  g_type_ensure(VITRINE_TYPE_FACE_GRID);
  G_OBJECT_CLASS(class)->dispose = vitrine_find_one_dispose;
  gtk_widget_class_set_template_from_resource(widget_class,
                                              "/io/github/vitrine/Vitrine/ui/vitrine-find-one.ui");
#define CHILD(child) gtk_widget_class_bind_template_child(widget_class, VitrineFindOne, child)
  CHILD(grid);
  CHILD(name);
  CHILD(state);
  CHILD(auc);
  CHILD(progress);
  CHILD(curve);
#undef CHILD
  gtk_widget_class_bind_template_callback(widget_class, named_cb);
  for (guint i = 0; i < G_N_ELEMENTS(actions); i++)
    gtk_widget_class_install_action(widget_class, actions[i].name, NULL, actions[i].act);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "find.undo", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static void
vitrine_find_one_init(VitrineFindOne *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
  vitrine_plot_set_labels(self->curve, _("labels"), _("AUC"));
  vitrine_plot_set_y_range(self->curve, 0, 1);
}

static void
start(VitrineFindOne *self, VitrineShelf *shelf)
{
  VitrineSession *session = vitrine_shelf_get_session(shelf);

  self->shelf = g_object_ref(shelf);
  self->labelling = vitrine_labelling_new(shelf);
  self->pictures = vitrine_face_pictures_new(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->pictures, "failed", G_CALLBACK(failed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->labelling, "changed", G_CALLBACK(changed_cb), self,
                          G_CONNECT_SWAPPED);
  vitrine_face_grid_start(self->grid, self->labelling, self->pictures);
  g_object_bind_property(self->labelling, "name", self->name, "text",
                         G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  vitrine_accessible_name_all(GTK_WIDGET(self));
  vitrine_numeric_all(GTK_WIDGET(self));
  changed_cb(self);
}

static void
forget(GtkWidget *window, GObject *shelf)
{
  g_object_set_data(shelf, "vitrine-find-one", NULL);
}

GtkWidget *
vitrine_find_one_present(GtkWindow *parent, VitrineShelf *shelf)
{
  VitrineFindOne *self = g_object_get_data(G_OBJECT(shelf), "vitrine-find-one");

  if (!self) {
    self = g_object_new(VITRINE_TYPE_FIND_ONE, NULL);
    vitrine_dialogs_attach(GTK_WINDOW(self), parent);
    start(self, shelf);
    g_object_set_data(G_OBJECT(shelf), "vitrine-find-one", self);
    g_signal_connect_object(self, "destroy", G_CALLBACK(forget), shelf, 0);
  }
  gtk_window_present(GTK_WINDOW(self));
  if (*vitrine_labelling_get_name(self->labelling))
    vitrine_face_grid_focus_first(self->grid);
  else
    gtk_widget_grab_focus(GTK_WIDGET(self->name));
  return GTK_WIDGET(self);
}

VitrineLabelling *
vitrine_find_one_get_labelling(VitrineFindOne *self)
{
  g_return_val_if_fail(VITRINE_IS_FIND_ONE(self), NULL);
  return self->labelling;
}
