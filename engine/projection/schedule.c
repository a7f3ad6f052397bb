#include "engine/projection/schedule.h"
#include <math.h>

const SgProjectionSchedule sg_projection_schedule = {
    .rate = 0.1, .ramp_up = 0.05, .ramp_down = 0.25, .noise = 0.05, .noise_share = 0.75};

double
sg_projection_rate(const SgProjectionSchedule *s, int step, int steps)
{
  double t = (double)step / steps;
  double down = s->ramp_down > 0 ? MIN(1, (1 - t) / s->ramp_down) : 1;
  double up = s->ramp_up > 0 ? MIN(1, t / s->ramp_up) : 1;

  return s->rate * (0.5 - 0.5 * cos(G_PI * down)) * up;
}

double
sg_projection_noise(const SgProjectionSchedule *s, int step, int steps)
{
  double t = (double)step / steps;
  double left = s->noise_share > 0 ? MAX(0, 1 - t / s->noise_share) : 0;

  return s->noise * left * left;
}
