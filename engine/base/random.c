/* np.random.RandomState in C: MT19937 (Matsumoto & Nishimura 1998) seeded by init_genrand, and
 * Marsaglia's polar method with the pair's first half cached, as NumPy's legacy generator does. */
#include "engine/base/random.h"
#include <math.h>

void
sg_random_state_seed(SgRandomState *s, guint32 seed)
{
  for (int i = 0; i < 624; i++) {
    s->key[i] = seed;
    seed = 1812433253u * (seed ^ (seed >> 30)) + (guint32)i + 1;
  }
  s->pos = 624;
  s->has_gauss = FALSE;
  s->gauss = 0;
}

static void
regenerate(SgRandomState *s)
{
  for (int i = 0; i < 624; i++) {
    guint32 y = (s->key[i] & 0x80000000u) | (s->key[(i + 1) % 624] & 0x7fffffffu);
    s->key[i] = s->key[(i + 397) % 624] ^ (y >> 1) ^ ((y & 1) ? 0x9908b0dfu : 0);
  }
  s->pos = 0;
}

guint32
sg_random_state_next32(SgRandomState *s)
{
  if (s->pos == 624)
    regenerate(s);
  guint32 y = s->key[s->pos++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

double
sg_random_state_uniform(SgRandomState *s)
{
  guint32 a = sg_random_state_next32(s) >> 5, b = sg_random_state_next32(s) >> 6;
  return (a * 67108864.0 + b) / 9007199254740992.0;
}

double
sg_random_state_gauss(SgRandomState *s)
{
  double x1, x2, r2, f;

  if (s->has_gauss) {
    s->has_gauss = FALSE;
    return s->gauss;
  }
  do {
    x1 = 2.0 * sg_random_state_uniform(s) - 1.0;
    x2 = 2.0 * sg_random_state_uniform(s) - 1.0;
    r2 = x1 * x1 + x2 * x2;
  } while (r2 >= 1.0 || r2 == 0.0);
  f = sqrt(-2.0 * log(r2) / r2);
  s->gauss = f * x1;
  s->has_gauss = TRUE;
  return f * x2;
}

void
sg_random_state_randn(SgRandomState *s, gsize n, double *out)
{
  for (gsize i = 0; i < n; i++)
    out[i] = sg_random_state_gauss(s);
}

void
sg_random_state_randn_f32(SgRandomState *s, gsize n, float *out)
{
  for (gsize i = 0; i < n; i++)
    out[i] = (float)sg_random_state_gauss(s);
}
