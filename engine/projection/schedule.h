/* How a projection goes on: learning rate and noise on w at each step, as NVlabs' projector.py has
 * them (Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", appendix D,
 * where they are given as functions of t = step / steps). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  double rate;        /* the highest learning rate: 0.1 */
  double ramp_up;     /* share of the steps in which it rises linearly: 0.05 */
  double ramp_down;   /* … in which it falls by a cosine at the end: 0.25 */
  double noise;       /* on w at first, in its deviations: 0.05 */
  double noise_share; /* share of the steps after which there is none: 0.75 */
} SgProjectionSchedule;

extern const SgProjectionSchedule sg_projection_schedule;

/* Of step `step`, 0 … steps - 1. */
double sg_projection_rate(const SgProjectionSchedule *s, int step, int steps);
/* Deviation of the noise that is added to w, in deviations of w. */
double sg_projection_noise(const SgProjectionSchedule *s, int step, int steps);

G_END_DECLS
