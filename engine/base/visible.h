/* Text of others (names of files, tensors and runs, what a file says about itself) as people may
 * have it: nothing of it steers a terminal, and bytes that are no UTF-8 are named instead of
 * replaced. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Control characters and bytes that are no UTF-8 as \x1b; the rest as it is. To be freed. */
char *sg_visible(const char *text);
/* The same of text of several lines: line breaks and tabs stay. */
char *sg_visible_lines(const char *text);
/* Only bytes that are no UTF-8, for JSON, which has an escape for everything else. */
char *sg_valid(const char *text);

G_END_DECLS
