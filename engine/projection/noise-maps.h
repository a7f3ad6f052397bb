/* What keeps noise maps noise while a picture is looked for: a penalty on what neighbours have in
 * common, and a mean of 0 and deviation of 1 after each step (Karras et al. 2020, appendix D).
 * Else the maps would carry the picture. Maps are [r, r] in host memory, sums are double. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sum over the map at r, r / 2, … pixels (means of 2 × 2), down to 8 or less, of
 * mean (n roll_x n)² + mean (n roll_y n)². Adds `weight` times its gradient to `gradient` [r, r]
 * (NULL: nothing). */
double sg_noise_penalty(int r, const float *map, double weight, float *gradient);
/* (map - mean) / root mean square; a constant map stays as it is. */
void sg_noise_normalize(int r, float *map);

G_END_DECLS
