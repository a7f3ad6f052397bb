/* The model behind the list: every dimension of the edited latent, filtered and ordered for
 * showing. */
#pragma once

#include "ui/latent/vitrine-dimension-row.h"

G_BEGIN_DECLS

typedef struct {
  GListStore *store; /* of VitrineDimension, by number */
  GtkFilterListModel *shown;
  GtkSortListModel *ordered; /* what the list view shows */
  GtkCustomFilter *filter;
  GtkCustomSorter *sorter;
  gboolean only_changed, only_favourites, favourites_first, by_influence;
  gboolean
      membership_changed; /* some dimension became changed or unchanged since the last refilter */
  int n_changed;
  double max_influence, max_heard; /* 0 before anything is measured */
  int n_measured;
} VitrineDimensions;

VitrineDimensions *vitrine_dimensions_new(void);
void vitrine_dimensions_free(VitrineDimensions *self);
/* Makes room for `n` dimensions; items keep their number but nothing else if `n` differs. */
void vitrine_dimensions_resize(VitrineDimensions *self, int n);
int vitrine_dimensions_get_n(VitrineDimensions *self);
VitrineDimension *vitrine_dimensions_get(VitrineDimensions *self, int index); /* borrowed */

/* Takes over base (NULL: not known) and offset, both [n]; what differs becomes dirty. */
void vitrine_dimensions_set_values(VitrineDimensions *self, const double *base,
                                   const double *offset);
/* `influence` [n] or NULL. TRUE if any value differs. */
gboolean vitrine_dimensions_set_influence(VitrineDimensions *self, const double *influence);

/* How strongly the network hears each, [n] or NULL, in the same way. */
gboolean vitrine_dimensions_set_heard(VitrineDimensions *self, const double *heard);

/* Applies the four switches, and what has changed since, to what is shown. */
void vitrine_dimensions_refilter(VitrineDimensions *self);
/* Where dimension `index` stands in `ordered`, -1 if it is filtered out. */
int vitrine_dimensions_position(VitrineDimensions *self, int index);
/* By number, or by favourite's name (without regard to case, the beginning suffices). -1: none. */
int vitrine_dimensions_find(VitrineDimensions *self, const char *text);

G_END_DECLS
