#include "ui/relatives/vitrine-face-menu.h"
#include <glib/gi18n.h>
#include "ui/relatives/vitrine-relatives-dialog.h"

#define DATA "vitrine-face-menu"

/* Of the canvas. */
typedef struct {
  VitrineCanvas *canvas;
  VitrineSession *session; /* borrowed: the window has both */
  GSimpleActionGroup *actions;
  GtkWidget *popover;
  int face;         /* that the menu is about */
  SgRecipe *parent; /* chosen before, of one face; NULL: none */
} Menu;

static SgRecipe *
face_of(const Menu *menu)
{
  const SgRecipe *shown = vitrine_session_get_recipe(menu->session);

  return shown && menu->face < shown->faces ? sg_recipe_face(shown, menu->face) : NULL;
}

static GtkWindow *
window_of(const Menu *menu)
{
  return GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(menu->canvas)));
}

/* ---- actions ----------------------------------------------------------------------------- */

static void
alone_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Menu *menu = data;
  SgRecipe *face = face_of(menu);

  if (face)
    vitrine_session_apply(menu->session, face, _("One face"), NULL);
}

static void
like_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Menu *menu = data;
  g_autoptr(SgRecipe) face = face_of(menu);

  if (face)
    vitrine_relatives_dialog_present(window_of(menu), menu->session, face, NULL);
}

static void
parent_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Menu *menu = data;

  sg_recipe_free(menu->parent);
  menu->parent = face_of(menu);
  if (menu->parent)
    vitrine_session_say(menu->session, _("Now choose “Children” in the menu of another face"),
                        FALSE);
}

static void
children_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Menu *menu = data;
  g_autoptr(SgRecipe) face = face_of(menu);

  if (face && menu->parent)
    vitrine_relatives_dialog_present(window_of(menu), menu->session, menu->parent, face);
}

static const GActionEntry entries[] = {
    {"alone", alone_action},
    {"more-like-this", like_action},
    {"choose-parent", parent_action},
    {"children", children_action},
};

static void
enable(Menu *menu, const char *name, gboolean on)
{
  GAction *action = g_action_map_lookup_action(G_ACTION_MAP(menu->actions), name);

  g_simple_action_set_enabled(G_SIMPLE_ACTION(action), on);
}

/* ---- the menu ---------------------------------------------------------------------------- */

static GMenuModel *
model_of(const Menu *menu)
{
  GMenu *model = g_menu_new();
  g_autofree char *children =
      menu->parent ? g_strdup_printf(_("_Children with Seed %u…"), menu->parent->seed)
                   : g_strdup(_("_Children with Another Face…"));

  g_menu_append(model, _("This Face _Alone"), "face.alone");
  g_menu_append(model, _("_More Like This…"), "face.more-like-this");
  g_menu_append(model, _("Choose as _Parent"), "face.choose-parent");
  g_menu_append(model, children, "face.children");
  return G_MENU_MODEL(model);
}

static void
popup_at(Menu *menu, int face, const GdkRectangle *at)
{
  const SgRecipe *shown = vitrine_session_get_recipe(menu->session);

  if (!shown || face < 0 || face >= shown->faces)
    return;
  menu->face = face;
  g_autoptr(SgRecipe) own = face_of(menu);
  enable(menu, "alone", shown->faces > 1);
  enable(menu, "children", menu->parent && !sg_recipe_equal(menu->parent, own));
  g_autoptr(GMenuModel) model = model_of(menu);
  gtk_popover_menu_set_menu_model(GTK_POPOVER_MENU(menu->popover), model);
  gtk_popover_set_pointing_to(GTK_POPOVER(menu->popover), at);
  gtk_popover_popup(GTK_POPOVER(menu->popover));
}

static void
pressed_cb(GtkGestureClick *click, int n, double x, double y, Menu *menu)
{
  GdkRectangle at = {(int)x, (int)y, 1, 1};

  popup_at(menu, vitrine_canvas_face_at(menu->canvas, x, y), &at);
}

void
vitrine_face_menu_popup(VitrineCanvas *canvas, int face)
{
  Menu *menu = g_object_get_data(G_OBJECT(canvas), DATA);
  GdkRectangle middle = {gtk_widget_get_width(GTK_WIDGET(canvas)) / 2,
                         gtk_widget_get_height(GTK_WIDGET(canvas)) / 2, 1, 1};

  g_return_if_fail(menu != NULL);
  popup_at(menu, face, &middle);
}

/* Whoever has no pointer gets the menu of the first face; Alt+1 makes any face the first. */
static gboolean
key_cb(GtkEventControllerKey *keys, guint key, guint code, GdkModifierType state, Menu *menu)
{
  if (key != GDK_KEY_Menu && !(key == GDK_KEY_F10 && (state & GDK_SHIFT_MASK)))
    return GDK_EVENT_PROPAGATE;
  vitrine_face_menu_popup(menu->canvas, 0);
  return GDK_EVENT_STOP;
}

/* ---- life -------------------------------------------------------------------------------- */

/* A face of another model is no parent. */
static void
model_cb(VitrineSession *session, GObject *canvas)
{
  Menu *menu = g_object_get_data(canvas, DATA);

  g_clear_pointer(&menu->parent, sg_recipe_free);
}

static void
menu_free(gpointer data)
{
  Menu *menu = data;

  sg_recipe_free(menu->parent);
  g_object_unref(menu->actions);
  g_free(menu);
}

/* A popover is not the canvas's child by any container's doing. */
static void
destroy_cb(GtkWidget *canvas, Menu *menu)
{
  g_clear_pointer(&menu->popover, gtk_widget_unparent);
}

void
vitrine_face_menu_add(VitrineCanvas *canvas, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_CANVAS(canvas));
  GtkGesture *click = gtk_gesture_click_new();
  GtkEventController *keys = gtk_event_controller_key_new();
  Menu *menu = g_new0(Menu, 1);

  menu->canvas = canvas;
  menu->session = session;
  menu->actions = g_simple_action_group_new();
  menu->popover = gtk_popover_menu_new_from_model(NULL);
  g_action_map_add_action_entries(G_ACTION_MAP(menu->actions), entries, G_N_ELEMENTS(entries),
                                  menu);
  gtk_widget_insert_action_group(GTK_WIDGET(canvas), "face", G_ACTION_GROUP(menu->actions));
  gtk_popover_set_has_arrow(GTK_POPOVER(menu->popover), FALSE);
  gtk_widget_set_halign(menu->popover, GTK_ALIGN_START);
  gtk_widget_set_parent(menu->popover, GTK_WIDGET(canvas));
  gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(click), GDK_BUTTON_SECONDARY);
  g_signal_connect(click, "pressed", G_CALLBACK(pressed_cb), menu);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(key_cb), menu);
  gtk_widget_add_controller(GTK_WIDGET(canvas), GTK_EVENT_CONTROLLER(click));
  gtk_widget_add_controller(GTK_WIDGET(canvas), keys);
  g_object_set_data_full(G_OBJECT(canvas), DATA, menu, menu_free);
  g_signal_connect(canvas, "destroy", G_CALLBACK(destroy_cb), menu);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_cb), canvas, 0);
}
