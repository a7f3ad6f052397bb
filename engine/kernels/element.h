/* Element formulas: one body for every processor. gcc compiles them into the CPU's row loops
 * (float) and into the reference back end (double), nvcc into kernels. No loops over pixels here,
 * no memory. */
#pragma once

#include <math.h>

#ifdef __CUDACC__
#  define K_FN static __host__ __device__ __forceinline__
#else
#  define K_FN static inline __attribute__((always_inline, unused))
#endif

#ifndef REAL
#  define REAL float
#endif

/* A float's root rounded to a float is that of the double rounded twice (a double has more than
 * twice its bits), and far cheaper where doubles are slow. */
K_FN REAL
k_sqrt(REAL v)
{
  return sizeof(REAL) == sizeof(float) ? (REAL)sqrtf((float)v) : (REAL)sqrt((double)v);
}

/* Leaky ReLU with slope a, then gain (Karras et al. 2020, appendix B: gain sqrt 2). */
K_FN REAL
k_lrelu(REAL v, REAL a, REAL gain)
{
  return v * (v > 0 ? gain : gain * a);
}

/* Clamp to ±limit. */
K_FN REAL
k_clamp(REAL v, REAL limit)
{
  v = v < -limit ? -limit : v;
  return v > limit ? limit : v;
}

/* Gradient of clamp (lrelu (v, a) * gain) from its result y, which has v's sign and is at the limit
 * where it was clamped (limit < 0: no clamp). Linear in dy, so it is its own gradient too. */
K_FN REAL
k_lrelu_grad(REAL dy, REAL y, REAL a, REAL gain, REAL limit)
{
  REAL d = dy * (y > 0 ? gain : gain * a);
  return limit >= 0 && (y >= limit || y <= -limit) ? 0 : d;
}

/* ln (1 + e^v) without overflow. */
K_FN REAL
k_softplus(REAL v)
{
  double x = (double)v;
  return (REAL)((x > 0 ? x : 0) + log1p(exp(x > 0 ? -x : x)));
}

K_FN REAL
k_sigmoid(REAL v)
{
  return (REAL)(1 / (1 + exp(-(double)v)));
}

/* sin (v + a) */
K_FN REAL
k_sin(REAL v, double a)
{
  return (REAL)sin((double)v + a);
}

/* One number's step of Adam; rate = lr / (1 - beta1^t), unbias = 1 / sqrt (1 - beta2^t). */
K_FN void
k_adam(REAL *p, REAL *m, REAL *v, REAL g, REAL rate, REAL beta1, REAL beta2, REAL eps, REAL unbias)
{
  g = g == g ? g : 0;
  g = g > (REAL)1e30 ? (REAL)1e5 : g < (REAL)-1e30 ? (REAL)-1e5 : g;
  *m = beta1 * *m + (1 - beta1) * g;
  *v = beta2 * *v + (1 - beta2) * g * g;
  *p -= rate * *m / (k_sqrt(*v) * unbias + eps);
}

/* Second-moment normalisation factor of a vector whose mean square is m. */
K_FN REAL
k_normalizer(REAL m)
{
  return 1 / k_sqrt(m + (REAL)1e-8);
}

/* Demodulation factor (StyleGAN2, eq. 3): sum of squared modulated weights -> 1 / norm. */
K_FN REAL
k_demod(REAL sum, REAL eps)
{
  return 1 / k_sqrt(sum + eps);
}

/* Four taps of [1, 3, 3, 1] / 8, times gain per axis. */
K_FN REAL
k_fir4(REAL a, REAL b, REAL c, REAL d, REAL gain)
{
  return (a + d) * (gain * (REAL)0.125) + (b + c) * (gain * (REAL)0.375);
}

/* -1..1 -> 0..255 as NVlabs' scripts do: truncate (clamp (v * 127.5 + 128)). */
K_FN unsigned char
k_rgb8(float v)
{
  v = v * 127.5f + 128.0f;
  v = v > 0 ? v : 0; /* also NaN -> 0 */
  return (unsigned char)(v < 255.0f ? v : 255.0f);
}

/* Bytes of a pixel that a network of so many channels draws: of 2 (grey and alpha) and 4 (RGB and
 * alpha) red, green, blue, alpha; else the three colours, grey thrice. */
K_FN unsigned
k_drawn_bytes(unsigned channels)
{
  return channels == 2 || channels == 4 ? 4 : 3;
}

/* The channel that byte k of such a pixel shows. */
K_FN unsigned
k_drawn_channel(unsigned channels, unsigned k)
{
  return channels >= 3 ? k : channels == 2 && k == 3 ? 1 : 0;
}
