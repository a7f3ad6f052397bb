/* Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a random
 * number is a function of (key, counter), so a training resumes exactly by remembering a counter,
 * and a GPU thread can draw its own. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A stream of numbers: key = seed, counter = (index, stream). Copy it to save it. */
typedef struct {
  guint64 seed;
  guint64 stream; /* which of the seed's streams */
  guint64 index;  /* blocks of four drawn */
} SgPhilox;

void sg_philox_block(const SgPhilox *p, guint64 index, guint32 out[4]);
/* Each call below starts at a fresh block. */
double sg_philox_uniform(SgPhilox *p);           /* [0, 1), 53 bits */
guint32 sg_philox_below(SgPhilox *p, guint32 n); /* 0 … n - 1, unbiased enough for n < 2^32 */
double sg_philox_normal(SgPhilox *p);            /* Box-Muller */
void sg_philox_normals(SgPhilox *p, gsize n, float *out);
/* Numbers first … first + n - 1 of what sg_philox_normals() would draw from `p`, which stays. */
void sg_philox_normals_from(const SgPhilox *p, guint64 first, gsize n, float *out);

G_END_DECLS
