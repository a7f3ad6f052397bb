/* NumPy's legacy generator, np.random.RandomState (seed), bit for bit (MT19937 + polar method). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint32 key[624];
  int pos;
  gboolean has_gauss;
  double gauss;
} SgRandomState;

void sg_random_state_seed(SgRandomState *s, guint32 seed);
guint32 sg_random_state_next32(SgRandomState *s);
double sg_random_state_uniform(SgRandomState *s); /* [0, 1), 53 bits */
double sg_random_state_gauss(SgRandomState *s);
void sg_random_state_randn(SgRandomState *s, gsize n, double *out);
void sg_random_state_randn_f32(SgRandomState *s, gsize n, float *out); /* randn().astype(f4) */

G_END_DECLS
