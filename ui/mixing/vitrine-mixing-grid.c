/* The grid of all combinations: row i with the mixed styles of column j, drawn live by a task. */
#include "ui/mixing/vitrine-mixing-private.h"
#include "ui/parts/vitrine-accessible.h"

#include <glib/gi18n.h>
#include <string.h>

#include "engine/explore/mix.h"
#include "app/work/vitrine-mixing-pictures.h"

#define SMALL 64 /* pixels of the small pictures */

/* The layers that are mixed now; the coarse ones when none is. Where no layer is the face's own (a
 * click on a lower row does that) the last choice stays. */
void
vitrine_mixing_update_takes(VitrineMixingPane *self, const SgRecipe *r)
{
  SgStyleGroup groups[SG_RECIPE_MAX_LAYERS];
  gboolean own = !r->mix;

  for (int k = 0; r->mix && k < self->num_ws; k++)
    own = own || (r->mix[k].a == 0 && r->mix[k].blend == 0);
  if (!own)
    return;
  sg_style_groups(vitrine_session_get_model(self->session), groups);
  for (int k = 0; k < self->num_ws; k++)
    self->takes[k] =
        r->mix ? r->mix[k].a != 0 || r->mix[k].blend != 0 : groups[k] == SG_STYLES_COARSE;
}

/* Row `i` with the styles of column `j` in these layers. */
static void
cell_mix(VitrineMixingPane *self, int i, int j, SgMixLayer *mix)
{
  for (int k = 0; k < self->num_ws; k++)
    mix[k] = (SgMixLayer){self->takes[k] ? j : i, 0, 0};
}

static void
cell_cb(GtkWidget *button, VitrineMixingPane *self)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  SgRecipe *r = vitrine_mixing_edit(self);

  if (!r)
    return;
  cell_mix(self, vitrine_mixing_row_of(button) / MAX_ORIGINS,
           vitrine_mixing_row_of(button) % MAX_ORIGINS, mix);
  vitrine_mixing_apply(self, r, mix, NULL);
}

static void
show_picture(VitrineMixingPane *self, int at, GdkPaintable *paintable)
{
  int n = self->shown_sources;

  if (at <= n) {
    gtk_picture_set_paintable(GTK_PICTURE(self->thumbs[at]), paintable);
    for (int side = 0; side < 2; side++)
      if (self->heads[side][at])
        gtk_picture_set_paintable(GTK_PICTURE(self->heads[side][at]), paintable);
    return;
  }
  at -= n + 1;
  gtk_picture_set_paintable(GTK_PICTURE(self->cells[at / n][at % n + 1]), paintable);
}

static void
picture_cb(guint index, GdkTexture *texture, gpointer data)
{
  VitrineMixingPane *self = data;

  if (texture)
    show_picture(self, (int)index, GDK_PAINTABLE(texture));
  if (index + 1 < self->pictures)
    return;
  self->task = 0;
  if (self->behind)
    vitrine_mixing_start_pictures(self);
}

void
vitrine_mixing_new_weights(VitrineMixingPane *self)
{
  if (!gtk_widget_get_mapped(GTK_WIDGET(self)))
    return;
  if (self->task || self->idle)
    self->behind = self->task != 0;
  else
    vitrine_mixing_start_pictures(self);
}

void
vitrine_mixing_stop_pictures(VitrineMixingPane *self)
{
  if (self->task && self->session)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  g_clear_handle_id(&self->idle, g_source_remove);
}

static gboolean
start_pictures_cb(gpointer data)
{
  VitrineMixingPane *self = data;
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  int n = self->shown_sources, ws = self->num_ws;

  self->idle = 0;
  if (!r || !ws || r->num_sources != n)
    return G_SOURCE_REMOVE;
  guint count = (guint)(n + 1 + (n + 1) * n), at = 0;
  g_autofree SgMixLayer *mixes = g_new0(SgMixLayer, count * (guint)ws);
  for (int i = 0; i <= n; i++, at++)
    cell_mix(self, i, i, mixes + at * (guint)ws);
  for (int i = 0; i <= n; i++)
    for (int j = 1; j <= n; j++, at++)
      cell_mix(self, i, j, mixes + at * (guint)ws);
  self->behind = FALSE;
  self->pictures = count;
  self->task =
      vitrine_mixing_pictures_start(self->session, r, count, ws, mixes, SMALL, picture_cb, self);
  return G_SOURCE_REMOVE;
}

void
vitrine_mixing_start_pictures(VitrineMixingPane *self)
{
  self->idle = g_idle_add_full(G_PRIORITY_LOW, start_pictures_cb, self, NULL);
}

void
vitrine_mixing_build_grid(VitrineMixingPane *self, int n)
{
  int size = CLAMP(340 / (n + 2) - 12, 28, 64);

  vitrine_mixing_empty(self->grid);
  memset(self->heads, 0, sizeof self->heads);
  for (int j = 0; j <= n; j++) {
    const char letter[] = {(char)('A' + j), '\0'};
    g_autofree char *face = g_strdup_printf(_("Face %s"), letter);
    self->heads[1][j] = vitrine_mixing_small_picture(size);
    vitrine_accessible_set_name(self->heads[1][j], face);
    gtk_grid_attach(GTK_GRID(self->grid), self->heads[1][j], 0, j + 1, 1, 1);
    if (j == 0)
      continue;
    self->heads[0][j] = vitrine_mixing_small_picture(size);
    vitrine_accessible_set_name(self->heads[0][j], face);
    gtk_grid_attach(GTK_GRID(self->grid), self->heads[0][j], j, 0, 1, 1);
  }
  for (int i = 0; i <= n; i++)
    for (int j = 1; j <= n; j++) {
      GtkWidget *button = gtk_button_new();
      g_autofree char *tip =
          g_strdup_printf(_("Face %c with the mixed styles of %c"), 'A' + i, 'A' + j);
      self->cells[i][j] = vitrine_mixing_small_picture(size);
      gtk_button_set_child(GTK_BUTTON(button), self->cells[i][j]);
      gtk_widget_add_css_class(button, "flat");
      gtk_widget_add_css_class(button, "mix-cell");
      vitrine_mixing_set_row(button, i * MAX_ORIGINS + j);
      g_signal_connect(button, "clicked", G_CALLBACK(cell_cb), self);
      gtk_grid_attach(GTK_GRID(self->grid),
                      vitrine_mixing_named(button, tip, "mix-cell-%d-%d", i, j), j, i + 1, 1, 1);
    }
}

void
vitrine_mixing_make_grid(VitrineMixingPane *self, GtkWidget *box)
{
  gtk_box_append(GTK_BOX(box), vitrine_mixing_heading(_("All combinations")));
  self->grid = gtk_grid_new();
  gtk_widget_set_name(self->grid, "mix-grid");
  gtk_grid_set_row_spacing(GTK_GRID(self->grid), 3);
  gtk_widget_set_halign(self->grid, GTK_ALIGN_CENTER);
  gtk_box_append(GTK_BOX(box), self->grid);
}
