/* VitrineMissingBanner: a line across the window while the model of the last session is not where
 * it was: which, and a way to say where it is now. */
#pragma once

#include <adwaita.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_MISSING_BANNER (vitrine_missing_banner_get_type())
G_DECLARE_FINAL_TYPE(VitrineMissingBanner, vitrine_missing_banner, VITRINE, MISSING_BANNER, AdwBin)

void vitrine_missing_banner_set_session(VitrineMissingBanner *self, VitrineSession *session);

G_END_DECLS
