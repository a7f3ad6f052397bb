#include "ui/shell/vitrine-side.h"

#include <glib/gi18n.h>
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-pane.h"

#define LEAST_HEIGHT 160

struct _VitrineSide {
  GtkBox parent_instance;
  VitrineSession *session;
  const VitrinePaneInfo *panes; /* [n] */
  guint n;
  GtkWidget *switcher;
  AdwViewStack *stack; /* of AdwBin, each empty until its page is first shown */
  gboolean pressed;    /* a button or finger is down somewhere in the panes */
  gboolean gesture;    /* … and something has changed since: the session knows of a gesture */
};

G_DEFINE_FINAL_TYPE(VitrineSide, vitrine_side, GTK_TYPE_BOX)

static AdwBin *
bin_of(VitrineSide *self, const VitrinePaneInfo *info)
{
  return ADW_BIN(adw_view_stack_get_child_by_name(self->stack, info->name));
}

/* NULL: it was not shown yet. */
static GtkWidget *
made_pane(VitrineSide *self, const VitrinePaneInfo *info)
{
  GtkWidget *scrolled = adw_bin_get_child(bin_of(self, info));
  GtkWidget *viewport =
      scrolled ? gtk_scrolled_window_get_child(GTK_SCROLLED_WINDOW(scrolled)) : NULL;

  return viewport ? gtk_viewport_get_child(GTK_VIEWPORT(viewport)) : NULL;
}

/* Where a window is lower than what a pane has above and below its list, the pane scrolls. */
static GtkWidget *
scrolled_new(GtkWidget *pane)
{
  return g_object_new(GTK_TYPE_SCROLLED_WINDOW, "child", pane, "hscrollbar-policy",
                      GTK_POLICY_NEVER, "min-content-height", LEAST_HEIGHT, NULL);
}

/* ---- gestures: from the first change while a button is down, until it is up --------------------
 *
 * One controller for all panes instead of one per slider. It only watches. */

static void
set_pressed(VitrineSide *self, gboolean pressed)
{
  if (self->pressed == pressed)
    return;
  self->pressed = pressed;
  for (guint i = 0; i < self->n; i++) {
    GtkWidget *pane = made_pane(self, &self->panes[i]);
    if (pane)
      vitrine_pane_set_pressed(VITRINE_PANE(pane), pressed);
  }
  if (!pressed && self->gesture) {
    self->gesture = FALSE;
    vitrine_editor_end_gesture(vitrine_session_get_editor(self->session));
  }
}

static gboolean
event_cb(GtkEventControllerLegacy *controller, GdkEvent *event, VitrineSide *self)
{
  switch (gdk_event_get_event_type(event)) {
  case GDK_BUTTON_PRESS:
  case GDK_TOUCH_BEGIN:
    set_pressed(self, TRUE);
    break;
  case GDK_BUTTON_RELEASE:
  case GDK_TOUCH_END:
  case GDK_TOUCH_CANCEL:
  case GDK_GRAB_BROKEN:
    set_pressed(self, FALSE);
    break;
  case GDK_MOTION_NOTIFY:
  case GDK_ENTER_NOTIFY:
    /* A release can get lost to a popup's grab: a pointer that moves freely is proof of one. */
    if ((gdk_event_get_modifier_state(event) &
         (GDK_BUTTON1_MASK | GDK_BUTTON2_MASK | GDK_BUTTON3_MASK)) == 0 &&
        gdk_event_get_event_type(event) == GDK_MOTION_NOTIFY)
      set_pressed(self, FALSE);
    break;
  default:
    break;
  }
  return GDK_EVENT_PROPAGATE;
}

static void
recipe_changed_cb(VitrineSession *session, VitrineSide *self)
{
  if (!self->pressed || self->gesture)
    return;
  self->gesture = TRUE;
  vitrine_editor_begin_gesture(vitrine_session_get_editor(session));
}

/* ---- pages ------------------------------------------------------------------------------- */

static const VitrinePaneInfo *
find(VitrineSide *self, const char *name)
{
  for (guint i = 0; i < self->n; i++)
    if (g_strcmp0(self->panes[i].name, name) == 0)
      return &self->panes[i];
  return NULL;
}

static GtkWidget *
pane(VitrineSide *self, const VitrinePaneInfo *info)
{
  if (!made_pane(self, info))
    adw_bin_set_child(bin_of(self, info), scrolled_new(vitrine_pane_new(info, self->session)));
  return made_pane(self, info);
}

/* ---- the switcher: one stop of the Tab key, with arrows inside ------------------------------ */

/* With the titles as tooltips: there may be no room for all of a title. */
static void
set_stops(VitrineSide *self, GtkWidget *widget, guint *i)
{
  if (GTK_IS_TOGGLE_BUTTON(widget) && *i < self->n) {
    gtk_widget_set_focusable(widget, gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(widget)));
    gtk_widget_set_tooltip_text(widget, _(self->panes[(*i)++].title));
    return;
  }
  for (GtkWidget *c = gtk_widget_get_first_child(widget); c; c = gtk_widget_get_next_sibling(c))
    set_stops(self, c, i);
}

static gboolean
arrow_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
         VitrineSide *self)
{
  gboolean rtl = gtk_widget_get_direction(self->switcher) == GTK_TEXT_DIR_RTL;
  int by = key == GDK_KEY_Right ? 1 : key == GDK_KEY_Left ? -1 : 0;
  guint at = 0;

  if (!by || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK)))
    return GDK_EVENT_PROPAGATE;
  while (at + 1 < self->n && !g_str_equal(self->panes[at].name, vitrine_side_get_page(self)))
    at++;
  at = (at + self->n + (guint)(rtl ? -by : by)) % self->n;
  vitrine_side_show(self, self->panes[at].name);
  gtk_widget_child_focus(self->switcher, GTK_DIR_TAB_FORWARD);
  return GDK_EVENT_STOP;
}

static GtkWidget *
switcher_new(VitrineSide *self)
{
  GtkEventController *keys = gtk_event_controller_key_new();

  self->switcher = g_object_new(ADW_TYPE_VIEW_SWITCHER, "stack", self->stack, "policy",
                                ADW_VIEW_SWITCHER_POLICY_NARROW, "name", "pane-switcher", NULL);
  vitrine_accessible_set_name(self->switcher, _("Panes"));
  gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(arrow_cb), self);
  gtk_widget_add_controller(self->switcher, keys);
  return self->switcher;
}

static void
page_cb(VitrineSide *self)
{
  const VitrinePaneInfo *info = find(self, vitrine_side_get_page(self));
  if (info && self->session)
    pane(self, info);
  set_stops(self, self->switcher, &(guint){0});
}

static void
vitrine_side_dispose(GObject *object)
{
  VitrineSide *self = VITRINE_SIDE(object);

  if (self->gesture)
    vitrine_editor_end_gesture(vitrine_session_get_editor(self->session));
  self->gesture = FALSE;
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_side_parent_class)->dispose(object);
}

static void
vitrine_side_class_init(VitrineSideClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_side_dispose;
}

static void
vitrine_side_init(VitrineSide *self)
{
  GtkEventController *watcher = gtk_event_controller_legacy_new();

  gtk_event_controller_set_propagation_phase(watcher, GTK_PHASE_CAPTURE);
  g_signal_connect(watcher, "event", G_CALLBACK(event_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), watcher);
  self->stack = ADW_VIEW_STACK(adw_view_stack_new());
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  self->panes = vitrine_panes(&self->n);
  for (guint i = 0; i < self->n; i++) {
    const VitrinePaneInfo *info = &self->panes[i];
    AdwViewStackPage *page =
        adw_view_stack_add_titled(self->stack, adw_bin_new(), info->name, _(info->title));
    adw_view_stack_page_set_icon_name(page, info->icon);
  }
  gtk_box_append(GTK_BOX(self), switcher_new(self));
  gtk_box_append(GTK_BOX(self), gtk_separator_new(GTK_ORIENTATION_HORIZONTAL));
  gtk_widget_set_vexpand(GTK_WIDGET(self->stack), TRUE);
  gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->stack));
  g_signal_connect_swapped(self->stack, "notify::visible-child-name", G_CALLBACK(page_cb), self);
}

GtkWidget *
vitrine_side_new(VitrineSession *session)
{
  VitrineSide *self = g_object_new(VITRINE_TYPE_SIDE, NULL);

  self->session = g_object_ref(session);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(recipe_changed_cb), self, 0);
  page_cb(self);
  vitrine_accessible_name_all(GTK_WIDGET(self));
  return GTK_WIDGET(self);
}

void
vitrine_side_show(VitrineSide *self, const char *page)
{
  g_return_if_fail(VITRINE_IS_SIDE(self));
  if (find(self, page))
    adw_view_stack_set_visible_child_name(self->stack, page);
}

const char *
vitrine_side_get_page(VitrineSide *self)
{
  g_return_val_if_fail(VITRINE_IS_SIDE(self), NULL);
  return adw_view_stack_get_visible_child_name(self->stack);
}

GtkWidget *
vitrine_side_get_pane(VitrineSide *self, const char *page)
{
  g_return_val_if_fail(VITRINE_IS_SIDE(self), NULL);
  const VitrinePaneInfo *info = find(self, page);
  return info ? pane(self, info) : NULL;
}
