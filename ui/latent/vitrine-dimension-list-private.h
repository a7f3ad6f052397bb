/* What the files of VitrineDimensionList share: the list with its controls, and its rows. */
#pragma once

#include "app/work/vitrine-hearing.h"
#include "ui/latent/vitrine-dimension-list.h"
#include "ui/latent/vitrine-dimensions.h"
#include "ui/latent/vitrine-vector-button.h"

G_BEGIN_DECLS

struct _VitrineDimensionList {
  GtkBox parent_instance;
  VitrineSession *session;
  VitrineHearing *hearing;
  VitrineDimensions *dimensions;
  GPtrArray *rows; /* of VitrineDimensionRow, bound ones; borrowed */
  double range;
  gboolean dragging;
  GBindingGroup *bindings; /* of the editor */
  guint idle_id, influence_id, heard_id, grow_id;
  GtkSliceListModel *slice; /* grows until it holds everything */
  GtkWidget *pin_popover;

  GtkToggleButton *space_z, *space_w, *sort_number, *sort_influence, *only_changed;
  GtkToggleButton *favourites_only, *favourites_first;
  GtkWidget *jump, *scrolled, *progress, *empty, *count, *reset_all, *hint;
  GtkListView *view;
  GtkDropDown *range_combo;
  GtkStringList *range_names;
  VitrineVectorButton *vector;
};

/* Rows: refreshes those whose item is dirty, or all; what is out of sight waits for idle time. */
void vitrine_dimension_list_refresh_rows(VitrineDimensionList *self, gboolean all);
/* Gives the focus to a part of the row at that position of the order; FALSE if there is none. */
gboolean vitrine_dimension_list_focus_position(VitrineDimensionList *self, int position,
                                               VitrineRowPart part);
GtkListItemFactory *vitrine_dimension_list_make_factory(VitrineDimensionList *self);
gboolean vitrine_dimension_list_key_cb(GtkEventControllerKey *controller, guint keyval,
                                       guint keycode, GdkModifierType state,
                                       VitrineDimensionList *self);
/* List: a row's star was pressed. */
void vitrine_dimension_list_pin_cb(VitrineDimensionRow *row, VitrineDimensionList *self);

G_END_DECLS
