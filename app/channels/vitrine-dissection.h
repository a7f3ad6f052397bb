/* What becomes of the face when one channel of a layer is muted, left alone or added to, all over
 * it or in a part of it: a view, which changes nothing of the recipe. Computed as a task on the
 * render thread. */
#pragma once

#include <gdk/gdk.h>
#include "app/session/vitrine-session.h"
#include "engine/explore/causes/channel-edit.h"

G_BEGIN_DECLS

typedef struct {
  SgRecipe *recipe; /* one face; owned */
  guint stage;
  char *layer; /* its name, owned */
  SgChannelAct act;
  int channel;
  double amount;   /* of ADD */
  SgRegion region; /* w 0: everywhere */
} VitrineDissectionQuery;

typedef struct {
  VitrineDissectionQuery *query; /* what was asked */
  SgTensor *before, *after;      /* [1, C, R, R] */
  GdkTexture *texture;           /* of `after` */
  double logit_before, logit;    /* NaN: the model has no discriminator */
  double inside, outside;        /* levels of 255 that change; NaN: there is no such part */
  char *error;                   /* for people; then nothing else is there */
} VitrineDissection;

VitrineDissection *vitrine_dissection_ref(VitrineDissection *d);
void vitrine_dissection_unref(VitrineDissection *d); /* NULL allowed */
/* Takes the query. Its only news is a VitrineDissection; it comes after every picture that is
 * waited for. Returns the task. */
guint vitrine_dissection_start(VitrineView *view, VitrineDissectionQuery *query,
                               void (*news)(gpointer, gboolean, gpointer), gpointer user_data);
/* "Channel 5 of b16.conv1 muted in 20 × 24 pixels at 12, 6", to be freed. */
char *vitrine_dissection_title(const VitrineDissection *d);
/* Writes the face before and after, with the title and the scores; on a worker, the session tells
 * how it went. */
void vitrine_dissection_save(VitrineDissection *d, VitrineSession *session, GFile *file);

G_END_DECLS
