/* One dimension of a latent vector: the item of the list's model and the widget that shows it.
 *
 * A list view keeps about two hundred rows alive, so a row is its own light layout of six children,
 * and it is told when to look at its item instead of listening: only rows that can be seen are
 * refreshed at once (see vitrine-dimension-list.c). */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Plain data; the list writes it, the row reads it. */
#define VITRINE_TYPE_DIMENSION (vitrine_dimension_get_type())
G_DECLARE_FINAL_TYPE(VitrineDimension, vitrine_dimension, VITRINE, DIMENSION, GObject)
struct _VitrineDimension {
  GObject parent_instance;
  int index;
  gboolean known;   /* FALSE until the base is known: w before the first picture */
  double base;      /* what face 0 has by itself */
  double value;     /* base + offset: what the slider shows */
  gboolean changed; /* offset is not 0 */
  double influence; /* on the face, NAN: not measured */
  double heard;     /* on the mean face, NAN: not known */
  char *name;       /* favourite's name, NULL if it is not pinned */
  gboolean dirty;   /* differs from what its row was last told */
};
VitrineDimension *vitrine_dimension_new(int index);
void vitrine_dimension_set_name(VitrineDimension *self, const char *name);

/* Signals: "value-entered" (double value), "reset", "pin": what the person did; the row itself
 * changes nothing. */
#define VITRINE_TYPE_DIMENSION_ROW (vitrine_dimension_row_get_type())
G_DECLARE_FINAL_TYPE(VitrineDimensionRow, vitrine_dimension_row, VITRINE, DIMENSION_ROW, GtkWidget)

GtkWidget *vitrine_dimension_row_new(void);
/* Shows `item` (kept alive meanwhile) from now on, NULL: nothing. Names the children after it. */
void vitrine_dimension_row_bind(VitrineDimensionRow *self, VitrineDimension *item);
VitrineDimension *
vitrine_dimension_row_get_item(VitrineDimensionRow *self); /* borrowed, may be NULL */
/* Brings the widgets to what the item says. The slider spans -range…range; the bars of influence
 * and of hearing are full at `max_influence` and `max_heard`. Emits nothing. */
void vitrine_dimension_row_refresh(VitrineDimensionRow *self, double range, double max_influence,
                                   double max_heard);
/* The item is not what the row shows; a refresh makes it so and clears this. */
void vitrine_dimension_row_set_stale(VitrineDimensionRow *self);
gboolean vitrine_dimension_row_is_stale(VitrineDimensionRow *self);

typedef enum {
  VITRINE_ROW_SCALE,
  VITRINE_ROW_ENTRY,
  VITRINE_ROW_RESET,
  VITRINE_ROW_PIN
} VitrineRowPart;
GtkWidget *vitrine_dimension_row_get_part(VitrineDimensionRow *self, VitrineRowPart part);
/* Which part `widget` (one of the row's descendants) belongs to. */
VitrineRowPart vitrine_dimension_row_find_part(VitrineDimensionRow *self, GtkWidget *widget);

G_END_DECLS
