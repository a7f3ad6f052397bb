/* The smallest training there is, whose snapshot is a fuzz target's first input. */
#pragma once

#include "engine/learn/learn.h"

G_BEGIN_DECLS

#define TINY_IMAGES 5

/* One for the process. */
SgLearn *tiny_learner(void);

G_END_DECLS
