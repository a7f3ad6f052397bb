/* VitrineHearing: how strongly the open model hears each coordinate of w
 * (engine/explore/causes/influence.h), measured once per model while nobody waits for a picture,
 * and kept in the user's cache; the bundled model's comes with it. Newer weights of a training keep
 * what was found when it was opened. Main thread. */
#pragma once

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_HEARING (vitrine_hearing_get_type())
G_DECLARE_FINAL_TYPE(VitrineHearing, vitrine_hearing, VITRINE, HEARING, GObject)

/* Signal "changed": there are more values. */

VitrineHearing *vitrine_hearing_new(VitrineSession *session);
/* [w_dim], NAN where it is not known yet; borrowed, NULL without a model. */
const double *vitrine_hearing_get(VitrineHearing *self);
/* Somebody looks, or nobody does any more: what is not known is measured meanwhile. Models whose
 * small picture takes longer than a quarter of a second are not measured. */
void vitrine_hearing_look(VitrineHearing *self, gboolean look);

G_END_DECLS
