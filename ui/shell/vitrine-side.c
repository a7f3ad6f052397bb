#include "ui/shell/vitrine-side.h"

#include <glib/gi18n.h>
#include "ui/latent/vitrine-latent-pane.h"
#include "ui/mixing/vitrine-mixing-pane.h"
#include "ui/layers/vitrine-layers-pane.h"
#include "ui/pruning/vitrine-pruning-pane.h"
#include "ui/training/vitrine-training-pane.h"
#include "ui/weights/vitrine-weights-pane.h"

typedef struct {
  const char *name, *title, *icon;
  GtkWidget *(*make)(VitrineSession *session);
} Page;

static const Page pages[] = {
    {"latent", N_("Latent"), "view-list-symbolic", vitrine_latent_pane_new},
    {"mixing", N_("Mixing"), "media-playlist-shuffle-symbolic", vitrine_mixing_pane_new},
    {"pruning", N_("Pruning"), "edit-cut-symbolic", vitrine_pruning_pane_new},
    {"weights", N_("Weights"), "network-cellular-signal-excellent-symbolic",
     vitrine_weights_pane_new},
    {"layers", N_("Layers"), "view-grid-symbolic", vitrine_layers_pane_new},
    {"training", N_("Training"), "media-record-symbolic", vitrine_training_pane_new},
};

struct _VitrineSide {
  GtkBox parent_instance;
  VitrineSession *session;
  AdwViewStack *stack;
  AdwBin *bins[G_N_ELEMENTS(pages)]; /* empty until the page is first shown */
  gboolean pressed;                  /* a button or finger is down somewhere in the panes */
  gboolean gesture; /* … and something has changed since: the session knows of a gesture */
};

G_DEFINE_FINAL_TYPE(VitrineSide, vitrine_side, GTK_TYPE_BOX)

/* ---- gestures: from the first change while a button is down, until it is up --------------------
 *
 * One controller for all panes instead of one per slider. It only watches. */

static void
set_pressed(VitrineSide *self, gboolean pressed)
{
  if (self->pressed == pressed)
    return;
  self->pressed = pressed;
  GtkWidget *latent = adw_bin_get_child(self->bins[0]);
  if (latent)
    vitrine_latent_pane_set_pressed(VITRINE_LATENT_PANE(latent), pressed);
  if (!pressed && self->gesture) {
    self->gesture = FALSE;
    vitrine_session_end_gesture(self->session);
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
  vitrine_session_begin_gesture(session);
}

/* ---- pages ------------------------------------------------------------------------------- */

static GtkWidget *
pane(VitrineSide *self, guint i)
{
  if (!adw_bin_get_child(self->bins[i]))
    adw_bin_set_child(self->bins[i], pages[i].make(self->session));
  return adw_bin_get_child(self->bins[i]);
}

static int
index_of(const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS(pages); i++)
    if (g_strcmp0(pages[i].name, name) == 0)
      return (int)i;
  return -1;
}

static void
page_cb(VitrineSide *self)
{
  int i = index_of(adw_view_stack_get_visible_child_name(self->stack));
  if (i >= 0 && self->session)
    pane(self, (guint)i);
}

static void
vitrine_side_dispose(GObject *object)
{
  VitrineSide *self = VITRINE_SIDE(object);

  if (self->gesture)
    vitrine_session_end_gesture(self->session);
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
  for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
    self->bins[i] = ADW_BIN(adw_bin_new());
    adw_view_stack_add_titled(self->stack, GTK_WIDGET(self->bins[i]), pages[i].name,
                              _(pages[i].title));
    adw_view_stack_page_set_icon_name(
        adw_view_stack_get_page(self->stack, GTK_WIDGET(self->bins[i])), pages[i].icon);
  }
  if (G_N_ELEMENTS(pages) > 1) {
    GtkWidget *switcher =
        g_object_new(ADW_TYPE_VIEW_SWITCHER, "stack", self->stack, "policy",
                     ADW_VIEW_SWITCHER_POLICY_NARROW, "name", "pane-switcher", NULL);
    gtk_box_append(GTK_BOX(self), switcher);
    gtk_box_append(GTK_BOX(self), gtk_separator_new(GTK_ORIENTATION_HORIZONTAL));
  }
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
  return GTK_WIDGET(self);
}

void
vitrine_side_show(VitrineSide *self, const char *page)
{
  if (index_of(page) >= 0)
    adw_view_stack_set_visible_child_name(self->stack, page);
}

const char *
vitrine_side_get_page(VitrineSide *self)
{
  return adw_view_stack_get_visible_child_name(self->stack);
}

GtkWidget *
vitrine_side_get_pane(VitrineSide *self, const char *page)
{
  int i = index_of(page);
  return i >= 0 ? pane(self, (guint)i) : NULL;
}
