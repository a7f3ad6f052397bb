/* What direction-set.c asks of the readers of other tools' files. */
#pragma once

#include "engine/directions/direction-set.h"

G_BEGIN_DECLS

/* Is it the name of such a file? By its end only. */
gboolean sg_direction_is_foreign(const char *path);
/* Errors name the file. */
SgDirectionSet *sg_direction_foreign_load(const char *path, GError **error);

G_END_DECLS
