/* What directions are called on the screen: those that come with the program in the person's
 * language. In files and recipes they keep the name that they have there. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The names that are translated, in English; NULL at the end. */
extern const char *const vitrine_direction_titles[];
/* Of a direction that came with the program; any other name is given back as it is. */
const char *vitrine_direction_title(const char *name);

G_END_DECLS
