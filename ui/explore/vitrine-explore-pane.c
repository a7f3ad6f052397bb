#include "ui/explore/vitrine-explore-pane.h"

#include <glib/gi18n.h>
#include "app/explore/vitrine-direction-exchange.h"
#include "ui/explore/vitrine-components-page.h"
#include "ui/explore/vitrine-direction-menu.h"
#include "ui/explore/vitrine-direction-rows.h"
#include "ui/explore/vitrine-find-one.h"
#include "ui/explore/vitrine-point-list.h"
#include "ui/parts/vitrine-one-stop.h"
#include "ui/explore/vitrine-preview-queue.h"
#include "ui/parts/vitrine-file-dialog.h"

/* No z would give a w that lies farther than this, in per cent of sampled ones. */
#define FAR 99.9

struct _VitrineExplorePane {
  VitrinePane parent_instance;
  VitrineShelf *shelf;
  VitrinePreviewQueue *previews;

  GtkWidget *working, *progress;
  GtkLabel *trouble, *reach;
  GtkScrolledWindow *scrolled;
  GtkBox *groups, *lists;
  GtkToggleButton *point;
  GtkWidget *tools, *find, *menu;
};

G_DEFINE_FINAL_TYPE(VitrineExplorePane, vitrine_explore_pane, VITRINE_TYPE_PANE)

/* ---- what is shown ----------------------------------------------------------------------- */

static void
reach_cb(VitrineExplorePane *self)
{
  double reach = -1;

  g_object_get(self->shelf, "reach", &reach, NULL);
  gboolean far = reach > FAR;
  g_autofree char *text =
      reach < 0 ? g_strdup("")
      : far
          ? g_strdup(_("Farther out than 999 of 1000 that the mapping network gives: no z would "
                       "give this face"))
          : g_strdup_printf(_("Farther out than %.0f %% of what the mapping network gives"), reach);
  gtk_label_set_text(self->reach, text);
  gtk_accessible_update_state(GTK_ACCESSIBLE(self->reach), GTK_ACCESSIBLE_STATE_HIDDEN, !*text, -1);
  if (far)
    gtk_widget_add_css_class(GTK_WIDGET(self->reach), "error");
  else
    gtk_widget_remove_css_class(GTK_WIDGET(self->reach), "error");
}

static gboolean
is_working(GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_boolean(to, g_value_get_double(from) >= 0);
  return TRUE;
}

static gboolean
to_fraction(GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_double(to, CLAMP(g_value_get_double(from), 0, 1));
  return TRUE;
}

static gboolean
is_there(GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_boolean(to, g_value_get_string(from) != NULL);
  return TRUE;
}

static GtkWidget *
make_row(VitrineDirection *direction, gpointer data)
{
  VitrineExplorePane *self = data;
  GtkWidget *row = vitrine_direction_row_new(direction);

  vitrine_preview_queue_add(self->previews, VITRINE_DIRECTION_ROW(row));
  if (!vitrine_direction_is_channel(direction))
    vitrine_direction_menu_add(VITRINE_DIRECTION_ROW(row), self->shelf);
  return row;
}

static gboolean
to_selected(GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_uint(to, (guint)g_value_get_int(from));
  return TRUE;
}

static gboolean
from_selected(GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_int(to, (int)g_value_get_uint(from));
  return g_value_get_uint(from) < VITRINE_N_COMPONENTS;
}

static GtkWidget *
components_choice(VitrineExplorePane *self)
{
  const char *const names[] = {_("of the styles"), _("of w"), _("SeFa"), NULL};
  GtkWidget *choice = gtk_drop_down_new_from_strings(names);

  gtk_widget_set_name(choice, "explore-components");
  gtk_widget_set_tooltip_text(choice,
                              _("Where components are looked for: in the styles that the synthesis "
                                "network hears, in w, or in what its affine layers answer to"));
  gtk_accessible_update_property(GTK_ACCESSIBLE(choice), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Kind of components"), -1);
  gtk_widget_add_css_class(choice, "flat");
  g_object_bind_property_full(self->shelf, "components", choice, "selected",
                              G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL, to_selected,
                              from_selected, NULL, NULL);
  return choice;
}

/* Which ones are listed, and the way to see them all. */
static GtkWidget *
components_tools(VitrineExplorePane *self)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *overview = gtk_button_new_with_mnemonic(_("O_verview…"));

  gtk_widget_set_name(overview, "explore-overview");
  gtk_widget_add_css_class(overview, "flat");
  gtk_widget_set_tooltip_text(overview, _("What the components hold, how faces lie along them, and "
                                          "the faces at their ends"));
  gtk_actionable_set_action_name(GTK_ACTIONABLE(overview), "explore.components");
  gtk_box_append(GTK_BOX(box), components_choice(self));
  gtk_box_append(GTK_BOX(box), overview);
  return box;
}

static void
add_groups(VitrineExplorePane *self)
{
  GListModel *yours = vitrine_shelf_get_list(self->shelf, VITRINE_DIRECTION_YOURS);
  GListModel *attributes = vitrine_shelf_get_list(self->shelf, VITRINE_DIRECTION_ATTRIBUTE);
  GListModel *components = vitrine_shelf_get_list(self->shelf, VITRINE_DIRECTION_COMPONENT);

  gtk_box_append(self->lists,
                 vitrine_direction_rows_new(_("Yours"), yours, NULL, NULL, make_row, self));
  gtk_box_append(self->lists, vitrine_direction_rows_new(_("Attributes"), attributes, NULL, NULL,
                                                         make_row, self));
  gtk_box_append(self->lists,
                 vitrine_direction_rows_new(_("Components"), components, components_tools(self),
                                            NULL, make_row, self));
}

/* While somebody points, what moves the spot takes the place of everything else. */
static void
add_point(VitrineExplorePane *self, VitrineSpot *spot)
{
  GtkWidget *list = vitrine_point_list_new(self->shelf, make_row, self);

  gtk_box_append(self->groups, list);
  g_object_bind_property(spot, "active", self->point, "active",
                         G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  g_object_bind_property(spot, "active", list, "visible", G_BINDING_SYNC_CREATE);
  g_object_bind_property(spot, "active", self->lists, "visible",
                         G_BINDING_SYNC_CREATE | G_BINDING_INVERT_BOOLEAN);
}

/* ---- what the person does ---------------------------------------------------------------- */

static void
cancel_cb(GtkButton *button, VitrineExplorePane *self)
{
  vitrine_shelf_cancel(self->shelf);
}

static void
import_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineExplorePane) self = data;

  if (file)
    vitrine_explore_pane_import(self, file);
}

static GtkWindow *
window_of(VitrineExplorePane *self)
{
  return GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self)));
}

static void
import_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  VitrineExplorePane *self = VITRINE_EXPLORE_PANE(widget);

  vitrine_file_dialog_open(window_of(self), _("Import Directions"), NULL, import_chosen_cb,
                           g_object_ref(self));
}

static void
export_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineExplorePane) self = data;

  if (file)
    vitrine_direction_exchange_export(self->shelf, NULL, file);
}

static void
export_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  VitrineExplorePane *self = VITRINE_EXPLORE_PANE(widget);

  vitrine_file_dialog_save(window_of(self), _("Export Your Directions"), "directions.safetensors",
                           NULL, export_chosen_cb, g_object_ref(self));
}

static void
find_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  VitrineExplorePane *self = VITRINE_EXPLORE_PANE(widget);

  if (vitrine_shelf_get_key(self->shelf))
    vitrine_find_one_present(window_of(self), self->shelf);
}

static void
components_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  VitrineExplorePane *self = VITRINE_EXPLORE_PANE(widget);

  if (vitrine_shelf_get_key(self->shelf))
    vitrine_components_page_present(window_of(self), self->shelf);
}

/* Without directions of one's own there is nothing to give away. */
static void
yours_cb(VitrineExplorePane *self)
{
  GListModel *yours = vitrine_shelf_get_list(self->shelf, VITRINE_DIRECTION_YOURS);

  gtk_widget_action_set_enabled(GTK_WIDGET(self), "explore.export",
                                g_list_model_get_n_items(yours) > 0);
}

static void
map_cb(VitrineExplorePane *self)
{
  vitrine_shelf_look(self->shelf, TRUE);
  vitrine_preview_queue_wake(self->previews);
}

/* Who looks elsewhere does not point. */
static void
unmap_cb(VitrineExplorePane *self)
{
  VitrineSession *session = vitrine_shelf_get_session(self->shelf);

  vitrine_spot_set_active(vitrine_session_get_spot(session), FALSE);
  vitrine_shelf_look(self->shelf, FALSE);
}

/* ---- for others -------------------------------------------------------------------------- */

void
vitrine_explore_pane_import(VitrineExplorePane *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_EXPLORE_PANE(self));
  vitrine_direction_exchange_import(self->shelf, file, vitrine_direction_menu_ask_import,
                                    g_object_ref(self), g_object_unref);
}

VitrineShelf *
vitrine_explore_pane_get_shelf(VitrineExplorePane *self)
{
  g_return_val_if_fail(VITRINE_IS_EXPLORE_PANE(self), NULL);
  return self->shelf;
}

guint
vitrine_explore_pane_get_previews(VitrineExplorePane *self)
{
  g_return_val_if_fail(VITRINE_IS_EXPLORE_PANE(self), 0);
  return vitrine_preview_queue_get_count(self->previews);
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_explore_pane_start(VitrinePane *pane, VitrineSession *session)
{
  VitrineExplorePane *self = VITRINE_EXPLORE_PANE(pane);

  self->shelf = vitrine_shelf_new(session);
  self->previews = vitrine_preview_queue_new(session, GTK_WIDGET(self->scrolled));
  g_object_bind_property_full(self->shelf, "progress", self->working, "visible",
                              G_BINDING_SYNC_CREATE, is_working, NULL, NULL, NULL);
  g_object_bind_property_full(self->shelf, "progress", self->progress, "fraction",
                              G_BINDING_SYNC_CREATE, to_fraction, NULL, NULL, NULL);
  g_object_bind_property(self->shelf, "trouble", self->trouble, "label", G_BINDING_SYNC_CREATE);
  g_object_bind_property_full(self->shelf, "trouble", self->trouble, "visible",
                              G_BINDING_SYNC_CREATE, is_there, NULL, NULL, NULL);
  g_signal_connect_object(self->shelf, "notify::reach", G_CALLBACK(reach_cb), self,
                          G_CONNECT_SWAPPED);
  reach_cb(self);
  g_signal_connect_object(gtk_scrolled_window_get_vadjustment(self->scrolled), "value-changed",
                          G_CALLBACK(vitrine_preview_queue_wake), self->previews,
                          G_CONNECT_SWAPPED);
  add_groups(self);
  add_point(self, vitrine_session_get_spot(session));
  g_signal_connect_object(vitrine_shelf_get_list(self->shelf, VITRINE_DIRECTION_YOURS),
                          "items-changed", G_CALLBACK(yours_cb), self, G_CONNECT_SWAPPED);
  yours_cb(self);
  g_signal_connect(self, "map", G_CALLBACK(map_cb), NULL);
  g_signal_connect(self, "unmap", G_CALLBACK(unmap_cb), NULL);
}

static void
vitrine_explore_pane_init(VitrineExplorePane *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
  GtkWidget *const tools[] = {GTK_WIDGET(self->point), self->find, self->menu};
  vitrine_one_stop(self->tools, tools, G_N_ELEMENTS(tools));
}

static void
vitrine_explore_pane_dispose(GObject *object)
{
  VitrineExplorePane *self = VITRINE_EXPLORE_PANE(object);

  if (self->previews)
    vitrine_preview_queue_close(self->previews);
  if (self->shelf)
    vitrine_shelf_look(self->shelf, FALSE);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_EXPLORE_PANE);
  g_clear_object(&self->previews);
  g_clear_object(&self->shelf);
  G_OBJECT_CLASS(vitrine_explore_pane_parent_class)->dispose(object);
}

static void
vitrine_explore_pane_class_init(VitrineExplorePaneClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_explore_pane_dispose;
  VITRINE_PANE_CLASS(class)->start = vitrine_explore_pane_start;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-explore-pane.ui");
#define CHILD(name) gtk_widget_class_bind_template_child(widget_class, VitrineExplorePane, name)
  CHILD(working);
  CHILD(progress);
  CHILD(trouble);
  CHILD(reach);
  CHILD(scrolled);
  CHILD(groups);
  CHILD(lists);
  CHILD(point);
  CHILD(tools);
  CHILD(find);
  CHILD(menu);
#undef CHILD
  gtk_widget_class_bind_template_callback(widget_class, cancel_cb);
  gtk_widget_class_install_action(widget_class, "explore.import", NULL, import_action);
  gtk_widget_class_install_action(widget_class, "explore.export", NULL, export_action);
  gtk_widget_class_install_action(widget_class, "explore.find", NULL, find_action);
  gtk_widget_class_install_action(widget_class, "explore.components", NULL, components_action);
}
