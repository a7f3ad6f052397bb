/* The rows of the dimension list: when they are brought up to date, what their edits do, how the
 * keyboard goes through them. */
#include "ui/latent/vitrine-dimension-list-private.h"

#include <glib/gi18n.h>
#include <math.h>

#define ROWS_PER_IDLE 12

/* ---- rows: those in sight at once, the others when there is time -- */

static gboolean
in_sight(VitrineDimensionList *self, GtkWidget *row)
{
  graphene_rect_t bounds;
  int height = gtk_widget_get_height(self->scrolled);
  /* Half a page of margin, so that scrolling meets finished rows. */
  return gtk_widget_compute_bounds(row, self->scrolled, &bounds) &&
         bounds.origin.y + bounds.size.height > -height / 2.0 && bounds.origin.y < height * 1.5;
}

static void
refresh_row(VitrineDimensionList *self, VitrineDimensionRow *row)
{
  vitrine_dimension_row_refresh(row, self->range, self->dimensions->max_influence,
                                self->dimensions->max_heard);
}

static gboolean
refresh_idle_cb(gpointer data)
{
  VitrineDimensionList *self = data;
  int done = 0;
  for (guint i = 0; i < self->rows->len; i++) {
    VitrineDimensionRow *row = self->rows->pdata[i];
    if (!vitrine_dimension_row_is_stale(row))
      continue;
    if (done++ == ROWS_PER_IDLE)
      return G_SOURCE_CONTINUE;
    refresh_row(self, row);
  }
  self->idle_id = 0;
  return G_SOURCE_REMOVE;
}

void
vitrine_dimension_list_refresh_rows(VitrineDimensionList *self, gboolean all)
{
  g_return_if_fail(VITRINE_IS_DIMENSION_LIST(self));
  gboolean later = FALSE;
  for (guint i = 0; i < self->rows->len; i++) {
    VitrineDimensionRow *row = self->rows->pdata[i];
    VitrineDimension *item = vitrine_dimension_row_get_item(row);
    if (!all && !item->dirty && !vitrine_dimension_row_is_stale(row))
      continue;
    item->dirty = FALSE;
    if (in_sight(self, GTK_WIDGET(row)))
      refresh_row(self, row);
    else
      vitrine_dimension_row_set_stale(row);
    later |= vitrine_dimension_row_is_stale(row);
  }
  if (later && self->idle_id == 0)
    self->idle_id = g_idle_add_full(G_PRIORITY_LOW, refresh_idle_cb, self, NULL);
}

/* ---- edits -- */

static void
apply_offset(VitrineDimensionList *self, int index, double offset, const char *label)
{
  SgSpace space = vitrine_editor_get_space(vitrine_session_get_editor(self->session));
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(self->session));
  (space == SG_SPACE_Z ? recipe->z_offset : recipe->w_offset)[index] = offset;
  g_autofree char *key = g_strdup_printf("%c%d", space == SG_SPACE_Z ? 'z' : 'w', index);
  vitrine_session_apply(self->session, recipe, label, key);
}

static void
value_entered_cb(VitrineDimensionRow *row, double value, VitrineDimensionList *self)
{
  const VitrineDimension *item = vitrine_dimension_row_get_item(row);
  if (item == NULL || !item->known || vitrine_session_get_recipe(self->session) == NULL)
    return;
  double offset = value - item->base;
  if (fabs(offset) < 1e-9) /* steps of a tenth that came back: an exact nothing */
    offset = 0;
  g_autofree char *label = g_strdup_printf(_("Dimension %d"), item->index);
  apply_offset(self, item->index, offset, label);
}

static void
row_reset(VitrineDimensionList *self, VitrineDimensionRow *row)
{
  const VitrineDimension *item = vitrine_dimension_row_get_item(row);
  if (item == NULL || !item->changed)
    return;
  g_autofree char *label = g_strdup_printf(_("Reset dimension %d"), item->index);
  SgSpace space = vitrine_editor_get_space(vitrine_session_get_editor(self->session));
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(self->session));
  (space == SG_SPACE_Z ? recipe->z_offset : recipe->w_offset)[item->index] = 0;
  /* A step of its own: it must not melt into the drag before it. */
  vitrine_session_apply(self->session, recipe, label, NULL);
}

static void
row_reset_cb(VitrineDimensionRow *row, VitrineDimensionList *self)
{
  row_reset(self, row);
}

/* ---- keyboard: up and down go along the column, Delete resets -- */

static VitrineDimensionRow *
bound_row(VitrineDimensionList *self, int index)
{
  for (guint i = 0; i < self->rows->len; i++)
    if (vitrine_dimension_row_get_item(self->rows->pdata[i])->index == index)
      return self->rows->pdata[i];
  return NULL;
}

gboolean
vitrine_dimension_list_focus_position(VitrineDimensionList *self, int position, VitrineRowPart part)
{
  g_return_val_if_fail(VITRINE_IS_DIMENSION_LIST(self), FALSE);
  g_autoptr(VitrineDimension) item =
      position < 0 ? NULL
                   : g_list_model_get_item(G_LIST_MODEL(self->dimensions->ordered), position);
  if (item == NULL)
    return FALSE;
  gtk_slice_list_model_set_size(self->slice, G_MAXUINT);
  gtk_widget_activate_action(GTK_WIDGET(self->view), "list.scroll-to-item", "u", (guint)position);
  VitrineDimensionRow *row = bound_row(self, item->index);
  if (row == NULL)
    return FALSE;
  refresh_row(self, row);
  GtkWidget *target = vitrine_dimension_row_get_part(row, part);
  /* An unchanged row's reset button cannot have the focus. */
  if (!gtk_widget_is_sensitive(target))
    target = vitrine_dimension_row_get_part(row, VITRINE_ROW_SCALE);
  return gtk_widget_grab_focus(target);
}

gboolean
vitrine_dimension_list_key_cb(GtkEventControllerKey *controller, guint keyval, guint keycode,
                              GdkModifierType state, VitrineDimensionList *self)
{
  GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus(root) : NULL;
  GtkWidget *ancestor =
      focus != NULL ? gtk_widget_get_ancestor(focus, VITRINE_TYPE_DIMENSION_ROW) : NULL;
  if (ancestor == NULL || (state & gtk_accelerator_get_default_mod_mask()) != 0)
    return GDK_EVENT_PROPAGATE;
  VitrineDimensionRow *row = VITRINE_DIMENSION_ROW(ancestor);
  VitrineRowPart part = vitrine_dimension_row_find_part(row, focus);
  int step = 0;
  switch (keyval) {
  case GDK_KEY_Up:
  case GDK_KEY_KP_Up:
    step = -1;
    break;
  case GDK_KEY_Down:
  case GDK_KEY_KP_Down:
    step = 1;
    break;
  case GDK_KEY_Delete:
  case GDK_KEY_KP_Delete:
  case GDK_KEY_BackSpace:
    if (part == VITRINE_ROW_ENTRY)
      return GDK_EVENT_PROPAGATE;
    row_reset(self, row);
    return GDK_EVENT_STOP;
  default:
    return GDK_EVENT_PROPAGATE;
  }
  int index = vitrine_dimension_row_get_item(row)->index;
  vitrine_dimension_list_focus_position(
      self, vitrine_dimensions_position(self->dimensions, index) + step, part);
  return GDK_EVENT_STOP;
}

/* ---- the list view's factory -- */

static void
setup_cb(GtkListItemFactory *factory, GtkListItem *list_item, VitrineDimensionList *self)
{
  GtkWidget *row = vitrine_dimension_row_new();
  g_signal_connect(row, "value-entered", G_CALLBACK(value_entered_cb), self);
  g_signal_connect(row, "reset", G_CALLBACK(row_reset_cb), self);
  g_signal_connect(row, "pin", G_CALLBACK(vitrine_dimension_list_pin_cb), self);
  gtk_list_item_set_child(list_item, row);
  gtk_list_item_set_activatable(list_item, FALSE);
  gtk_list_item_set_selectable(list_item, FALSE);
}

static void
bind_cb(GtkListItemFactory *factory, GtkListItem *list_item, VitrineDimensionList *self)
{
  VitrineDimensionRow *row = VITRINE_DIMENSION_ROW(gtk_list_item_get_child(list_item));
  vitrine_dimension_row_bind(row, gtk_list_item_get_item(list_item));
  g_ptr_array_add(self->rows, row);
  refresh_row(self, row);
}

static void
unbind_cb(GtkListItemFactory *factory, GtkListItem *list_item, VitrineDimensionList *self)
{
  VitrineDimensionRow *row = VITRINE_DIMENSION_ROW(gtk_list_item_get_child(list_item));
  g_ptr_array_remove_fast(self->rows, row);
  vitrine_dimension_row_bind(row, NULL);
}

GtkListItemFactory *
vitrine_dimension_list_make_factory(VitrineDimensionList *self)
{
  g_return_val_if_fail(VITRINE_IS_DIMENSION_LIST(self), NULL);
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
  g_signal_connect(factory, "setup", G_CALLBACK(setup_cb), self);
  g_signal_connect(factory, "bind", G_CALLBACK(bind_cb), self);
  g_signal_connect(factory, "unbind", G_CALLBACK(unbind_cb), self);
  return factory;
}
