/* VitrineWitnessView: a witness with its question, where the picture falls between the humps of its
 * references, what it says, and what damage does to it. */
#pragma once

#include <gtk/gtk.h>
#include "engine/examine/examine.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_WITNESS_VIEW (vitrine_witness_view_get_type())
G_DECLARE_FINAL_TYPE(VitrineWitnessView, vitrine_witness_view, VITRINE, WITNESS_VIEW, GtkBox)

GtkWidget *vitrine_witness_view_new(SgWitness w);
/* Of the first picture of an examination that is done; NULL: nothing is known yet. */
void vitrine_witness_view_show(VitrineWitnessView *self, const SgExamination *e);

G_END_DECLS
