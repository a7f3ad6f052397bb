#include "ui/explore/vitrine-face-grid.h"
#include <glib/gi18n.h>
#include "ui/parts/vitrine-pixels.h"

#define COLUMNS 4
#define TILE    84 /* pixels at least */

typedef struct {
  GtkWidget *child, *picture, *badge; /* borrowed */
  guint32 seed;
} Tile;

struct _VitrineFaceGrid {
  GtkBox parent_instance;
  VitrineLabelling *labelling;
  VitrineFacePictures *pictures;
  GtkFlowBox *flow;
  Tile tiles[VITRINE_LABELLING_PAGE];
  guint n;
  gboolean moves_on; /* the next page's first face is to have the focus */
};

G_DEFINE_FINAL_TYPE(VitrineFaceGrid, vitrine_face_grid, GTK_TYPE_BOX)

/* ---- what is shown ----------------------------------------------------------------------- */

static const struct {
  const char *css, *icon, *text;
} looks[] = {
    {"unlabelled", NULL, N_("not labelled")},
    {"without", "list-remove-symbolic", N_("does not have it")},
    {"with", "list-add-symbolic", N_("has it")},
};

static void
show_label(VitrineFaceGrid *self, Tile *tile)
{
  int at = (int)vitrine_labelling_get(self->labelling, tile->seed) + 1;
  g_autofree char *name = g_strdup_printf(_("Face of seed %u: %s"), tile->seed, _(looks[at].text));

  for (guint i = 0; i < G_N_ELEMENTS(looks); i++)
    if ((int)i != at)
      gtk_widget_remove_css_class(tile->child, looks[i].css);
  gtk_widget_add_css_class(tile->child, looks[at].css);
  gtk_widget_set_visible(tile->badge, looks[at].icon != NULL);
  gtk_image_set_from_icon_name(GTK_IMAGE(tile->badge), looks[at].icon);
  gtk_accessible_update_property(GTK_ACCESSIBLE(tile->child), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                 -1);
}

static void
show_picture(VitrineFaceGrid *self, Tile *tile)
{
  GdkTexture *texture = vitrine_face_pictures_get(self->pictures, tile->seed);

  if (!texture) {
    gtk_picture_set_paintable(GTK_PICTURE(tile->picture), NULL);
    return;
  }
  g_autoptr(GdkPaintable) pixels = vitrine_pixels_new(texture);
  gtk_picture_set_paintable(GTK_PICTURE(tile->picture), pixels);
}

static Tile *
focused(VitrineFaceGrid *self)
{
  for (guint i = 0; i < self->n; i++)
    if (gtk_widget_get_focus_child(GTK_WIDGET(self->flow)) == self->tiles[i].child)
      return &self->tiles[i];
  return NULL;
}

static void
focus_tile(VitrineFaceGrid *self, Tile *tile)
{
  gtk_flow_box_unselect_all(self->flow);
  gtk_widget_grab_focus(tile->child);
}

static void
page_cb(VitrineFaceGrid *self)
{
  guint n;
  const guint32 *seeds = vitrine_labelling_get_page(self->labelling, &n);
  gboolean had_focus = focused(self) != NULL;

  self->n = n;
  for (guint i = 0; i < VITRINE_LABELLING_PAGE; i++) {
    gtk_widget_set_visible(self->tiles[i].child, i < n);
    if (i >= n)
      continue;
    self->tiles[i].seed = seeds[i];
    show_label(self, &self->tiles[i]);
    show_picture(self, &self->tiles[i]);
  }
  vitrine_face_pictures_want(self->pictures, n, seeds);
  if (n > 0 && (had_focus || self->moves_on))
    focus_tile(self, &self->tiles[0]);
  self->moves_on = FALSE;
}

static void
changed_cb(VitrineFaceGrid *self)
{
  for (guint i = 0; i < self->n; i++)
    show_label(self, &self->tiles[i]);
}

static void
drawn_cb(VitrineFaceGrid *self, guint seed)
{
  for (guint i = 0; i < self->n; i++)
    if (self->tiles[i].seed == seed)
      show_picture(self, &self->tiles[i]);
}

/* ---- labels ------------------------------------------------------------------------------ */

/* The first from `from` on, round the page, that has no label; NULL: all have one. */
static Tile *
next_without(VitrineFaceGrid *self, guint from)
{
  for (guint i = 0; i < self->n; i++) {
    Tile *tile = &self->tiles[(from + i) % self->n];
    if (vitrine_labelling_get(self->labelling, tile->seed) == VITRINE_LABEL_NONE)
      return tile;
  }
  return NULL;
}

static void
move_on(VitrineFaceGrid *self, guint from)
{
  Tile *next = next_without(self, from);

  if (next) {
    focus_tile(self, next);
    return;
  }
  self->moves_on = TRUE;
  vitrine_labelling_next_page(self->labelling);
}

void
vitrine_face_grid_label(VitrineFaceGrid *self, VitrineLabel label)
{
  g_return_if_fail(VITRINE_IS_FACE_GRID(self));
  guint32 seeds[VITRINE_LABELLING_PAGE];
  guint n = 0, last = 0;

  for (guint i = 0; i < self->n; i++)
    if (gtk_flow_box_child_is_selected(GTK_FLOW_BOX_CHILD(self->tiles[i].child))) {
      seeds[n++] = self->tiles[i].seed;
      last = i;
    }
  Tile *tile = n == 0 ? focused(self) : NULL;
  if (tile) {
    seeds[n++] = tile->seed;
    last = (guint)(tile - self->tiles);
  }
  if (n == 0)
    return;
  vitrine_labelling_set(self->labelling, n, seeds, label);
  if (label != VITRINE_LABEL_NONE)
    move_on(self, last + 1);
}

void
vitrine_face_grid_label_rest(VitrineFaceGrid *self, VitrineLabel label)
{
  g_return_if_fail(VITRINE_IS_FACE_GRID(self));
  guint32 seeds[VITRINE_LABELLING_PAGE];
  guint n = 0;

  for (guint i = 0; i < self->n; i++)
    if (vitrine_labelling_get(self->labelling, self->tiles[i].seed) == VITRINE_LABEL_NONE)
      seeds[n++] = self->tiles[i].seed;
  vitrine_labelling_set(self->labelling, n, seeds, label);
  move_on(self, 0);
}

void
vitrine_face_grid_focus_first(VitrineFaceGrid *self)
{
  g_return_if_fail(VITRINE_IS_FACE_GRID(self));
  if (self->n > 0)
    focus_tile(self, &self->tiles[0]);
}

/* A click, Enter or Space: has it, has it not, no label. */
static void
activated_cb(GtkFlowBox *flow, GtkFlowBoxChild *child, VitrineFaceGrid *self)
{
  int i = gtk_flow_box_child_get_index(child);

  if (i < 0 || (guint)i >= self->n)
    return;
  guint32 seed = self->tiles[i].seed;
  VitrineLabel had = vitrine_labelling_get(self->labelling, seed);
  VitrineLabel next = had == VITRINE_LABEL_NONE  ? VITRINE_LABEL_YES
                      : had == VITRINE_LABEL_YES ? VITRINE_LABEL_NO
                                                 : VITRINE_LABEL_NONE;
  vitrine_labelling_set(self->labelling, 1, &seed, next);
  gtk_flow_box_unselect_all(self->flow);
}

static gboolean
key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
       VitrineFaceGrid *self)
{
  if (state & (GDK_CONTROL_MASK | GDK_ALT_MASK))
    return GDK_EVENT_PROPAGATE;
  switch (key) {
  case GDK_KEY_plus:
  case GDK_KEY_equal:
  case GDK_KEY_KP_Add:
  case GDK_KEY_1:
  case GDK_KEY_KP_1:
    vitrine_face_grid_label(self, VITRINE_LABEL_YES);
    return GDK_EVENT_STOP;
  case GDK_KEY_minus:
  case GDK_KEY_KP_Subtract:
  case GDK_KEY_0:
  case GDK_KEY_KP_0:
    vitrine_face_grid_label(self, VITRINE_LABEL_NO);
    return GDK_EVENT_STOP;
  case GDK_KEY_Delete:
  case GDK_KEY_BackSpace:
    vitrine_face_grid_label(self, VITRINE_LABEL_NONE);
    return GDK_EVENT_STOP;
  case GDK_KEY_Page_Down:
    self->moves_on = TRUE;
    vitrine_labelling_next_page(self->labelling);
    return GDK_EVENT_STOP;
  default:
    return GDK_EVENT_PROPAGATE;
  }
}

/* ---- life -------------------------------------------------------------------------------- */

static void
add_tile(VitrineFaceGrid *self, guint i)
{
  Tile *tile = &self->tiles[i];
  GtkWidget *overlay = gtk_overlay_new();
  g_autofree char *name = g_strdup_printf("find-face-%u", i);

  tile->picture = gtk_picture_new();
  gtk_picture_set_can_shrink(GTK_PICTURE(tile->picture), TRUE);
  gtk_widget_set_size_request(tile->picture, TILE, TILE);
  gtk_widget_set_hexpand(tile->picture, TRUE);
  gtk_widget_set_vexpand(tile->picture, TRUE);
  tile->badge = gtk_image_new();
  gtk_widget_add_css_class(tile->badge, "face-badge");
  gtk_widget_set_halign(tile->badge, GTK_ALIGN_END);
  gtk_widget_set_valign(tile->badge, GTK_ALIGN_END);
  gtk_overlay_set_child(GTK_OVERLAY(overlay), tile->picture);
  gtk_overlay_add_overlay(GTK_OVERLAY(overlay), tile->badge);
  tile->child = gtk_flow_box_child_new();
  gtk_widget_set_name(tile->child, name);
  gtk_widget_add_css_class(tile->child, "face-tile");
  gtk_flow_box_child_set_child(GTK_FLOW_BOX_CHILD(tile->child), overlay);
  gtk_flow_box_append(self->flow, tile->child);
}

void
vitrine_face_grid_start(VitrineFaceGrid *self, VitrineLabelling *labelling,
                        VitrineFacePictures *pictures)
{
  g_return_if_fail(VITRINE_IS_FACE_GRID(self));
  self->labelling = g_object_ref(labelling);
  self->pictures = g_object_ref(pictures);
  g_signal_connect_object(labelling, "page-changed", G_CALLBACK(page_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(labelling, "changed", G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(pictures, "drawn", G_CALLBACK(drawn_cb), self, G_CONNECT_SWAPPED);
  page_cb(self);
}

static void
vitrine_face_grid_dispose(GObject *object)
{
  VitrineFaceGrid *self = VITRINE_FACE_GRID(object);

  g_clear_object(&self->labelling);
  g_clear_object(&self->pictures);
  G_OBJECT_CLASS(vitrine_face_grid_parent_class)->dispose(object);
}

static void
vitrine_face_grid_class_init(VitrineFaceGridClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_face_grid_dispose;
}

static void
vitrine_face_grid_init(VitrineFaceGrid *self)
{
  GtkEventController *keys = gtk_event_controller_key_new();

  self->flow = GTK_FLOW_BOX(gtk_flow_box_new());
  gtk_widget_set_name(GTK_WIDGET(self->flow), "find-faces");
  gtk_widget_set_hexpand(GTK_WIDGET(self->flow), TRUE);
  gtk_widget_set_vexpand(GTK_WIDGET(self->flow), TRUE);
  gtk_flow_box_set_homogeneous(self->flow, TRUE);
  gtk_flow_box_set_column_spacing(self->flow, 3);
  gtk_flow_box_set_row_spacing(self->flow, 3);
  gtk_flow_box_set_min_children_per_line(self->flow, COLUMNS);
  gtk_flow_box_set_max_children_per_line(self->flow, COLUMNS);
  gtk_flow_box_set_selection_mode(self->flow, GTK_SELECTION_MULTIPLE);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->flow), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Faces to label: + has it, − does not"), -1);
  g_signal_connect(self->flow, "child-activated", G_CALLBACK(activated_cb), self);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(key_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self->flow), keys);
  gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->flow));
  for (guint i = 0; i < VITRINE_LABELLING_PAGE; i++)
    add_tile(self, i);
}
