#include "engine/journey/ease.h"
#include <math.h>

const char *const sg_ease_words[] = {"linear", "in",     "out",  "in-out", "circular",
                                     "back",   "bounce", "hold", NULL};

static double
bounce(double u)
{
  const double a = 7.5625, d = 2.75;

  if (u < 1 / d)
    return a * u * u;
  if (u < 2 / d)
    return a * (u - 1.5 / d) * (u - 1.5 / d) + 0.75;
  if (u < 2.5 / d)
    return a * (u - 2.25 / d) * (u - 2.25 / d) + 0.9375;
  return a * (u - 2.625 / d) * (u - 2.625 / d) + 0.984375;
}

static double
back(double u)
{
  const double overshoot = 1.70158; /* a tenth beyond */
  double v = u - 1;

  return v * v * ((overshoot + 1) * v + overshoot) + 1;
}

double
sg_ease(SgEase ease, double u)
{
  if (u <= 0 || u >= 1) /* the ends are the keyframes themselves */
    return CLAMP(u, 0, 1);
  switch (ease) {
  case SG_EASE_IN:
    return u * u;
  case SG_EASE_OUT:
    return u * (2 - u);
  case SG_EASE_IN_OUT:
    return u < 0.5 ? 2 * u * u : 1 - 2 * (1 - u) * (1 - u);
  case SG_EASE_CIRCULAR:
    return sqrt(1 - (u - 1) * (u - 1));
  case SG_EASE_BACK:
    return back(u);
  case SG_EASE_BOUNCE:
    return bounce(u);
  case SG_EASE_HOLD:
    return 0;
  default:
    return u;
  }
}
