/* Easing: how a way of 0 … 1 is gone through in a time of 0 … 1 (Penner's equations, as CSS and
 * film programs have them). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SG_EASE_LINEAR,
  SG_EASE_IN,       /* slow at first: u² */
  SG_EASE_OUT,      /* slow at last */
  SG_EASE_IN_OUT,   /* both */
  SG_EASE_CIRCULAR, /* out, along a quarter of a circle */
  SG_EASE_BACK,     /* beyond the end, and back */
  SG_EASE_BOUNCE,   /* falls and bounces */
  SG_EASE_HOLD,     /* stands, then jumps */
  SG_EASE_COUNT
} SgEase;
extern const char *const sg_ease_words[]; /* as SgEase, NULL at the end */

double sg_ease(SgEase ease, double u);

G_END_DECLS
