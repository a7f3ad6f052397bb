/* Numbers as people read them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The shortest text that reads as the same number: "0.1", not "0.10000000000000001". With a point,
 * whatever the language. To be freed. */
char *sg_number_text(double value);

G_END_DECLS
