/* The comparison as one picture. */
#pragma once

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

/* The unmodified and the edited picture of `session` beside each other, labelled, to `file`;
 * rendered as a task and written on a worker. The session's "message" tells. */
void vitrine_save_before_after(VitrineSession *session, GFile *file);

G_END_DECLS
