/* The report of an examination that is done: a page that needs nothing but itself, and JSON with
 * everything that was measured. */
#pragma once

#include "engine/examine/examine.h"

G_BEGIN_DECLS

/* HTML, to be freed. Nothing that a file holds gets into it unescaped. */
char *vitrine_examine_page(const SgExamination *e);
/* JSON, to be freed with free(). */
char *vitrine_examine_json(const SgExamination *e);

G_END_DECLS
