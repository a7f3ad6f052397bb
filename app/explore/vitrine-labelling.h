/* VitrineLabelling: an attribute that a person shows by examples. Faces of the open model are
 * proposed page by page, first any, then those that what is known so far is least sure of; what
 * tells the labels apart is learnt after each of them, on a worker. Labels are kept for the model,
 * on disk, until they are thrown away. Main thread. */
#pragma once

#include "app/explore/vitrine-shelf.h"
#include "engine/directions/few-labels.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_LABELLING (vitrine_labelling_get_type())
G_DECLARE_FINAL_TYPE(VitrineLabelling, vitrine_labelling, VITRINE, LABELLING, GObject)

#define VITRINE_LABELLING_PAGE 12 /* faces that are proposed at once */

typedef enum { VITRINE_LABEL_NONE = -1, VITRINE_LABEL_NO, VITRINE_LABEL_YES } VitrineLabel;

/* What was known after so many labels. */
typedef struct {
  double labels, auc, error; /* error: one standard error of the mean over the folds */
} VitrineLabellingPoint;

/* Property "name" (string, notifies): of the attribute, "" before it has one.
 *
 * Signals: "changed": labels, or what is learnt from them; "page-changed": other faces are
 * proposed. */

VitrineLabelling *vitrine_labelling_new(VitrineShelf *shelf);
/* No work goes on, and labels are on their way to disk. */
void vitrine_labelling_close(VitrineLabelling *self);

const char *vitrine_labelling_get_name(VitrineLabelling *self);
void vitrine_labelling_set_name(VitrineLabelling *self, const char *name);

/* Seeds of the faces that are proposed, borrowed. */
const guint32 *vitrine_labelling_get_page(VitrineLabelling *self, guint *n);
/* Others, as soon as what the labels tell is known. */
void vitrine_labelling_next_page(VitrineLabelling *self);

VitrineLabel vitrine_labelling_get(VitrineLabelling *self, guint32 seed);
/* One step to undo, whatever n. */
void vitrine_labelling_set(VitrineLabelling *self, gsize n, const guint32 *seeds,
                           VitrineLabel label);
/* How many faces have that label. */
guint vitrine_labelling_count(VitrineLabelling *self, VitrineLabel label);
/* Takes the last step back: labels, or a direction that was added. FALSE: there is none. */
gboolean vitrine_labelling_undo(VitrineLabelling *self);
gboolean vitrine_labelling_can_undo(VitrineLabelling *self);
/* All labels go; that is a step, too. */
void vitrine_labelling_start_over(VitrineLabelling *self);

/* Of VitrineLabellingPoint, rising in labels; borrowed. */
const GArray *vitrine_labelling_get_curve(VitrineLabelling *self);
/* Are there enough labels, and do they tell something? */
gboolean vitrine_labelling_is_ready(VitrineLabelling *self);
/* Where it stands, in a sentence; to be freed. */
char *vitrine_labelling_describe(VitrineLabelling *self);
/* Nothing is being learnt just now. */
gboolean vitrine_labelling_is_idle(VitrineLabelling *self);
/* A direction of the person's own; borrowed, NULL unless ready. */
VitrineDirection *vitrine_labelling_add_direction(VitrineLabelling *self);

/* "seed,NAME" and a line with 1 or 0 for each labelled face: what "vitrine attribute --labels"
 * reads. What goes wrong is told the person. */
void vitrine_labelling_export(VitrineLabelling *self, GFile *file);
/* Such a file's labels take the place of what there is, as one step. */
void vitrine_labelling_import(VitrineLabelling *self, GFile *file);

G_END_DECLS
