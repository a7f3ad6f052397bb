/* Numbers of 16 bits: IEEE 754 binary16 (fp16) and bfloat16, the upper half of a float. To nearest,
 * ties to even, as the processors' own instructions do it; in plain arithmetic on bits, so that gcc
 * and nvcc make the same of it. */
#pragma once

#include <stdint.h>
#include <string.h>
#include "engine/kernels/element.h"

K_FN uint32_t
k_bits(float v)
{
  uint32_t u;
  memcpy(&u, &v, sizeof u);
  return u;
}

K_FN float
k_float(uint32_t u)
{
  float v;
  memcpy(&v, &u, sizeof v);
  return v;
}

/* u / 2^shift to nearest, ties to even; 0 < shift < 32. */
K_FN uint32_t
k_round_bits(uint32_t u, int shift)
{
  uint32_t half = (1u << (shift - 1)) - 1 + ((u >> shift) & 1);
  return (u + half) >> shift;
}

K_FN uint16_t
k_to_bf16(float v)
{
  uint32_t u = k_bits(v);

  if ((u & 0x7fffffff) > 0x7f800000) /* a NaN stays one */
    return (uint16_t)(u >> 16 | 0x40);
  return (uint16_t)k_round_bits(u, 16);
}

K_FN float
k_from_bf16(uint16_t b)
{
  return k_float((uint32_t)b << 16);
}

K_FN uint16_t
k_to_fp16(float v)
{
  uint32_t u = k_bits(v), sign = u >> 16 & 0x8000, size = u & 0x7fffffff;
  uint32_t exponent = size >> 23;

  if (size > 0x7f800000)
    return (uint16_t)(sign | 0x7e00);
  if (size >= 0x477ff000) /* 65520 and more: infinity */
    return (uint16_t)(sign | 0x7c00);
  if (exponent > 112) /* the exponent's bias goes from 127 to 15; a carry may raise it */
    return (uint16_t)(sign | k_round_bits(size - (112u << 23), 13));
  if (exponent < 102) /* less than 2^-25 */
    return (uint16_t)sign;
  /* Below 2^-14: counted in 2^-24. */
  return (uint16_t)(sign | k_round_bits((size & 0x7fffff) | 0x800000, 126 - (int)exponent));
}

K_FN float
k_from_fp16(uint16_t h)
{
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, part = h & 0x3ff;

  if (exponent == 31)
    return k_float(sign | 0x7f800000 | part << 13);
  if (exponent > 0)
    return k_float(sign | (exponent + 112) << 23 | part << 13);
  float v = (float)part * 5.9604644775390625e-8f; /* 2^-24, exact */
  return sign ? -v : v;
}
