/* Philox 4x32-10 (Salmon et al. 2011) and normals of it, one body for every processor. */
#pragma once

#include <stdint.h>
#include "engine/kernels/element.h"

/* One block: counter (index, stream), key (seed); ten rounds, constants of the paper. */
K_FN void
k_philox(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4])
{
  uint32_t c[4] = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream,
                   (uint32_t)(stream >> 32)};
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);

  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53 * c[0], b = (uint64_t)0xCD9E8D57 * c[2];
    uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k0, (uint32_t)b,
                        (uint32_t)(a >> 32) ^ c[3] ^ k1, (uint32_t)a};
    for (int i = 0; i < 4; i++)
      c[i] = next[i];
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  for (int i = 0; i < 4; i++)
    out[i] = c[i];
}

/* Two normals of two 32-bit words (Box-Muller); u is never 0. */
K_FN void
k_box_muller(uint32_t a, uint32_t b, double *x, double *y)
{
  double u = (a + 1.0) / 4294967296.0, angle = 2 * 3.14159265358979323846 * (b / 4294967296.0);
  double r = sqrt(-2 * log(u));
  *x = r * cos(angle);
  *y = r * sin(angle);
}
