/* "Record a Film": kind, size and pace of the film of a timeline, then progress. */
#pragma once

#include <adwaita.h>
#include "app/journey/vitrine-timeline.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_FILM_DIALOG (vitrine_film_dialog_get_type())
G_DECLARE_FINAL_TYPE(VitrineFilmDialog, vitrine_film_dialog, VITRINE, FILM_DIALOG, AdwWindow)

/* Shows the dialog, one for each parent. Closing it ends a recording; nothing of it remains. */
GtkWidget *vitrine_film_dialog_present(GtkWindow *parent, VitrineTimeline *timeline);
/* Records to a place that was chosen. */
void vitrine_film_dialog_record(VitrineFilmDialog *self, GFile *file);

G_END_DECLS
