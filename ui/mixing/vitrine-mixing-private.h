/* The parts of the mixing pane: its state, and what vitrine-mixing-{widgets,sources,rows,grid}.c
 * offer the pane and one another. All on the main thread; `r` is the session's recipe, borrowed. */
#pragma once

#include "ui/mixing/vitrine-mixing-pane.h"

G_BEGIN_DECLS

#define MAX_ORIGINS (SG_RECIPE_MAX_SOURCES + 1) /* the face and its sources */

struct _VitrineMixingPane {
  VitrinePane parent_instance;
  VitrineSession *session;   /* borrowed from the parent */
  int num_ws, shown_sources; /* what the widgets are built for */
  guint task, idle;
  guint pictures;                       /* how many `task` draws */
  gboolean behind;                      /* new weights have come since it was started */
  gboolean takes[SG_RECIPE_MAX_LAYERS]; /* layers the grid's columns decide */

  GPtrArray *row_values;            /* numbers of the recipe: rows and crossover */
  GPtrArray *source_values;         /* seeds of the sources */
  int wanted[SG_RECIPE_MAX_LAYERS]; /* what a row would blend towards */
  int crossed;                      /* where the crossover stands */

  GtkStringList *names; /* "A", "B" … of the origins */
  GtkWidget *sources, *rows, *grid, *seed, *add_seed, *add_face, *add_file, *shuffle, *hint;
  GtkWidget *mixing, *from, *to, *crossover;
  GtkWidget *a[SG_RECIPE_MAX_LAYERS], *b[SG_RECIPE_MAX_LAYERS], *blend[SG_RECIPE_MAX_LAYERS];
  GtkWidget *thumbs[MAX_ORIGINS];
  GtkWidget *heads[2][MAX_ORIGINS], *cells[MAX_ORIGINS][MAX_ORIGINS];
};

/* ---- widgets ---- */

/* A copy of the recipe to change; NULL without one. */
SgRecipe *vitrine_mixing_edit(VitrineMixingPane *self);
/* Hands `r` (taken) with this mixing, [num_ws] or NULL for none, to the session. */
void vitrine_mixing_apply(VitrineMixingPane *self, SgRecipe *r, const SgMixLayer *mix,
                          const char *merge_key);
/* The layer, source or cell a widget is for. */
void vitrine_mixing_set_row(GtkWidget *widget, int row);
int vitrine_mixing_row_of(GtkWidget *widget);
/* Gives `widget` its tooltip and accessible name, `label`, and its formatted name; returns it. */
GtkWidget *vitrine_mixing_named(GtkWidget *widget, const char *label, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* Removes all children of a box or grid. */
void vitrine_mixing_empty(GtkWidget *box);
GtkWidget *vitrine_mixing_small_picture(int size);
/* Appends a button to `box`; `func` (button, self) is called on a click. */
GtkWidget *vitrine_mixing_text_button(VitrineMixingPane *self, GtkWidget *box, const char *text,
                                      const char *tip, const char *name, int row, GCallback func);
GtkWidget *vitrine_mixing_heading(const char *text);
/* Appends a horizontal box to `parent`. */
GtkWidget *vitrine_mixing_row_box(GtkWidget *parent, int spacing);

/* ---- sources: make once, build for the number of sources, show a recipe ---- */

void vitrine_mixing_make_sources(VitrineMixingPane *self, GtkWidget *box);
void vitrine_mixing_build_sources(VitrineMixingPane *self, const SgRecipe *r);
/* The names that drop-downs offer: at least those of the recipe's faces; and no others. Lines come
 * before somebody chooses them and go when nobody does: a drop-down whose line goes chooses
 * another. */
void vitrine_mixing_grow_names(VitrineMixingPane *self, const SgRecipe *r);
void vitrine_mixing_trim_names(VitrineMixingPane *self);
void vitrine_mixing_show_sources(VitrineMixingPane *self, const SgRecipe *r);

/* ---- rows: make once, build for a model, show a recipe ---- */

void vitrine_mixing_make_rows(VitrineMixingPane *self, GtkWidget *box);
void vitrine_mixing_build_rows(VitrineMixingPane *self);
/* What the widgets remember beside the recipe follows it. */
void vitrine_mixing_note_rows(VitrineMixingPane *self, const SgRecipe *r);
void vitrine_mixing_offer_source(VitrineMixingPane *self);

/* ---- grid: make once, build for n sources ---- */

void vitrine_mixing_make_grid(VitrineMixingPane *self, GtkWidget *box);
void vitrine_mixing_build_grid(VitrineMixingPane *self, int n);
/* Which layers the columns decide, from the recipe. */
void vitrine_mixing_update_takes(VitrineMixingPane *self, const SgRecipe *r);
/* The thumbnails and the cells, as a task that begins when the main loop is idle. */
void vitrine_mixing_start_pictures(VitrineMixingPane *self);
void vitrine_mixing_stop_pictures(VitrineMixingPane *self);
/* Draws them again; what is being drawn is finished first, however often new weights come. */
void vitrine_mixing_new_weights(VitrineMixingPane *self);

G_END_DECLS
