/* What an examination is called and what it says, in the language of whoever reads it: for the
 * window, the report and the command. Borrowed unless said otherwise. */
#pragma once

#include "engine/examine/examine.h"

G_BEGIN_DECLS

const char *vitrine_witness_name(SgWitness w);
/* What it is asked. */
const char *vitrine_witness_question(SgWitness w);
/* What its number is, for an axis. */
const char *vitrine_witness_unit(SgWitness w, const SgModel *model);
/* "fits", "does not fit", "cannot tell". */
const char *vitrine_verdict_word(SgVerdict v);
const char *vitrine_reason_words(SgReason r);
/* "AUC 0.93 (0.85 to 0.98)"; to be freed. NULL: there are no real references. */
char *vitrine_evidence_words(const SgEvidence *e);
/* "JPEG 90", "half size"… as a short label; to be freed. */
char *vitrine_damage_words(const SgDamage *d);
/* What the file says about itself: sentences; to be freed with g_strfreev(). */
char **vitrine_provenance_words(const SgExamined *x, const SgModel *model);
/* What no such examination can know; ends with NULL. */
const char *const *vitrine_examine_limits(void);
/* The same, translated; `i` counts from 0. NULL: no more. */
const char *vitrine_examine_limit(guint i);

G_END_DECLS
