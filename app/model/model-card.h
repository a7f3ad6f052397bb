/* What a model is and where it comes from, as a list for people. */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

typedef struct {
  const char *title; /* untranslated (N_), static */
  char *value;       /* control characters escaped */
} VitrineCardRow;

/* [n] of VitrineCardRow: kind, file, architecture, what it was trained on and for how long, by
 * which metric, its licence, how many weights, their hash. What a file does not say is left out. */
GPtrArray *vitrine_model_card(const SgModel *model);

G_END_DECLS
