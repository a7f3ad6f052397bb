/* Element formulas of the augmentation (docs/formats.md, Augmentation), one body for every
 * processor; as element.h. */
#pragma once

#include "engine/kernels/element.h"

/* Grid positions beyond each border of the picture, before the grid is doubled: half the filter. */
#define K_AUG_PAD  3
#define K_AUG_TAPS 12

/* The scaling filter of the symlet with six vanishing moments (Daubechies 1992), of sum 1. Twice
 * its correlation with itself is 0 at every even shift but 0: up and down again gives the picture
 * back. */
K_FN REAL
k_aug_tap(int k)
{
  const REAL f[K_AUG_TAPS] = {
      (REAL)0.010892350163280001, (REAL)0.0024683061859200003, (REAL)-0.08343160770584002,
      (REAL)-0.03416156079324,    (REAL)0.34722898647835004,   (REAL)0.55694639196396,
      (REAL)0.23895218566605003,  (REAL)-0.05136248493090002,  (REAL)-0.014891875649220001,
      (REAL)0.031625281329940004, (REAL)0.0012499610463900003, (REAL)-0.005515933754690001,
  };
  return f[k];
}

/* Index i of an axis continued by reflection without repeating the border; -size < i < 2 size
 * - 1. */
K_FN int
k_reflect(int i, int size)
{
  i = i < 0 ? -i : i;
  return i < size ? i : 2 * (size - 1) - i;
}

K_FN REAL
k_bilinear(REAL a, REAL b, REAL c, REAL d, REAL tx, REAL ty)
{
  REAL top = a + (b - a) * tx, bottom = c + (d - c) * tx;
  return top + (bottom - top) * ty;
}

/* c = a b, 3 × 3 */
K_FN void
k_mul3(double *c, const double *a, const double *b)
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      c[i * 3 + j] = a[i * 3] * b[j] + a[i * 3 + 1] * b[3 + j] + a[i * 3 + 2] * b[6 + j];
}

/* Where the doubled grid samples the doubled, padded picture: index (column j, row i) of the grid,
 * 2 (size + 2 PAD) wide, reads position x = m[0] j + m[1] i + m[2], y = m[3] j + m[4] i + m[5].
 * C.5's factors from right to left: index -> centred grid, half a pixel, halve, G^-1, centre of the
 * padded picture, double, half a pixel, centred -> index. */
K_FN void
k_aug_map(double m[6], const double *g_inv, int h, int w, const int margin[4])
{
  const double gx = w + 2 * K_AUG_PAD, gy = h + 2 * K_AUG_PAD;
  const double to_pixels[9] = {0.5, 0, (1 - gx) / 2, 0, 0.5, (1 - gy) / 2, 0, 0, 1};
  const double px = w + margin[0] + margin[2], py = h + margin[1] + margin[3];
  const double to_index[9] = {
      2, 0, margin[0] - margin[2] + px - 1, 0, 2, margin[1] - margin[3] + py - 1, 0, 0, 1};
  double right[9], all[9];

  k_mul3(right, g_inv, to_pixels);
  k_mul3(all, to_index, right);
  for (int i = 0; i < 6; i++)
    m[i] = all[i];
}
