/* What the window's files share: its widgets and state. */
#pragma once

#include "ui/journey/vitrine-timeline-bar.h"
#include "ui/lessons/vitrine-lesson-bar.h"
#include "ui/parts/vitrine-adaptive.h"
#include "ui/projection/vitrine-drag-bar.h"
#include "ui/shell/vitrine-device-banner.h"
#include "ui/shell/vitrine-missing-banner.h"
#include "ui/shell/vitrine-follow-badge.h"
#include "ui/shell/vitrine-needle.h"
#include "ui/shell/vitrine-picture-bar.h"
#include "ui/shell/vitrine-window.h"

G_BEGIN_DECLS

struct _VitrineWindow {
  AdwApplicationWindow parent_instance;
  VitrineSession *session;
  GtkWidget *pane; /* VitrineSide, made with the first picture */
  guint pane_tick, pane_ticks;
  char *run;         /* directory of a run to be shown once there is a pane; NULL: none */
  GFile *saved;      /* just now, until it is told; NULL: nothing */
  GtkWidget *dialog; /* the error that is shown; weak */
  guint status_source;
  GtkEventController *held_key; /* borrowed */
  gboolean filming;             /* the canvas shows a frame of the timeline's film */

  VitrineAdaptive *adaptive;
  AdwToastOverlay *toasts;
  AdwHeaderBar *header;
  GtkWidget *open_button, *undo_button, *redo_button;
  GtkWidget *timeline_button, *compare_button, *save_button;
  GtkMenuButton *menu_button;
  GMenu *recent_menu;
  GtkStack *stack;
  GtkPaned *paned;
  int pane_width;    /* beside the picture, as the person wants it */
  double pane_share; /* of the height, below the picture */
  int placed;        /* of how much room the pane has its part; 0: of none yet */
  gboolean placing;
  guint place_source;
  AdwBin *pane_bin;
  GtkOverlay *canvas_frame;
  VitrineCanvas *canvas;
  VitrinePictureBar *picture_bar;
  VitrineDragBar *drag_bar;
  VitrineLessonBar *lessons;
  VitrineTimelineBar *timeline;
  VitrineMissingBanner *missing_banner;
  VitrineNeedle *needle;
  GtkLabel *status_score, *status_time, *status_device;
};

/* Actions (vitrine-window-actions.c). */
void vitrine_window_init_actions(VitrineWindow *self);
/* Which actions make sense now. */
void vitrine_window_update_actions(VitrineWindow *self);
void vitrine_window_update_recent(VitrineWindow *self);

/* The side is there again, if it was hidden. */
void vitrine_window_show_side(VitrineWindow *self);

/* Export, copy, paste and drag (vitrine-window-export.c). */
void vitrine_window_init_export(VitrineWindow *self);
void vitrine_window_follow_saver(VitrineWindow *self);
/* "Saved x.png", with a button that shows where; FALSE: nothing was saved. */
gboolean vitrine_window_say_saved(VitrineWindow *self, const char *text);
/* The model's name and the seed; to be freed. */
char *vitrine_window_suggested_name(VitrineWindow *self, const char *suffix);

/* Drops and the held key (vitrine-window-input.c). */
void vitrine_window_init_input(VitrineWindow *self);

/* Sizes, and what a narrow window looks like (vitrine-window-layout.c). */
void vitrine_window_init_layout(VitrineWindow *self);
/* The size that it had last. */
void vitrine_window_restore_layout(VitrineWindow *self);
void vitrine_window_store_layout(VitrineWindow *self);

G_END_DECLS
