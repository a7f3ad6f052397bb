/* The report of an examination that is done: a page that needs nothing but itself, and JSON with
 * everything that was measured. */
#pragma once

#include "engine/examine/examine.h"

G_BEGIN_DECLS

/* HTML, to be freed. Nothing that a file holds gets into it unescaped. */
char *vitrine_examine_page(const SgExamination *e);
/* JSON, to be freed with free(). */
char *vitrine_examine_json(const SgExamination *e);
/* The page to `path`, which has to end as one does, and the numbers beside it as ".json". */
gboolean vitrine_examine_write(const SgExamination *e, const char *path, GError **error);
gboolean vitrine_examine_check_path(const char *path, GError **error);

G_END_DECLS
