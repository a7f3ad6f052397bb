/* Numbers of a JSON line, correctly rounded, without strtod for nearly all of them.
 *
 * A decimal with an integer m below 2^53 and a power of ten up to 10^22 is one exact operation on
 * doubles (W. D. Clinger, "How to read floating point numbers accurately", 1990). Python writes up
 * to 17 digits, so where long double has 64 bits the same is done with those, and the result only
 * taken when its error cannot move it over the middle between two doubles. */
#include "engine/runs/run-reader-private.h"
#include <float.h>
#include <math.h>
#include <string.h>

typedef struct {
  guint64 digits;
  int n;        /* significant digits in it */
  int exponent; /* the number is digits · 10^exponent */
  gboolean negative, real, too_long;
} Decimal;

static gboolean
word(const char **p, const char *end, const char *what, gsize n)
{
  if ((gsize)(end - *p) < n || memcmp(*p, what, n) != 0)
    return FALSE;
  *p += n;
  return TRUE;
}

static inline gboolean
is_digit(char c)
{
  return (guint8)(c - '0') < 10;
}

/* Nineteen digits fit into 64 bits; leading zeros do not count. */
static inline const char *
take_digits(const char *p, const char *end, Decimal *d)
{
  guint64 digits = d->digits;
  const char *from;

  if (digits == 0)
    while (p < end && *p == '0')
      p++;
  from = p;
  for (const char *last = end - p > 19 - d->n ? p + (19 - d->n) : end; p < last && is_digit(*p);
       p++)
    digits = digits * 10 + (guint64)(*p - '0');
  d->n += (int)(p - from);
  d->digits = digits;
  for (; p < end && is_digit(*p); p++)
    d->too_long = TRUE;
  return p;
}

/* e+12; NULL if it is not one. Exponents that no double has are left to strtod. */
static const char *
take_exponent(const char *p, const char *end, Decimal *d)
{
  gboolean minus = FALSE;
  int value = 0;

  if (p < end && (*p == '+' || *p == '-'))
    minus = *p++ == '-';
  if (p == end || !is_digit(*p))
    return NULL;
  for (; p < end && is_digit(*p); p++)
    value = MIN(value * 10 + (*p - '0'), 10000);
  d->exponent += minus ? -value : value;
  return p;
}

/* JSON's grammar: no leading zeros, digits on both sides of a point. NULL: it is not that. */
static const char *
take_decimal(const char *p, const char *end, Decimal *d)
{
  if (*p == '-') {
    d->negative = TRUE;
    p++;
  }
  if (p == end || !is_digit(*p) || (*p == '0' && end - p > 1 && is_digit(p[1])))
    return NULL;
  p = take_digits(p, end, d);
  if (p < end && *p == '.') {
    const char *from = ++p;
    p = take_digits(p, end, d);
    if (p == from)
      return NULL;
    d->real = TRUE;
    d->exponent -= (int)MIN(p - from, 100000);
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    d->real = TRUE;
    p = take_exponent(p + 1, end, d);
  }
  return p;
}

static gboolean
exact(const Decimal *d, double *value)
{
  static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (d->digits == 0) {
    *value = 0;
    return TRUE;
  }
  if (d->digits > (G_GUINT64_CONSTANT(1) << 53) || ABS(d->exponent) > 22)
    return FALSE;
  *value = d->exponent < 0 ? (double)d->digits / tens[-d->exponent]
                           : (double)d->digits * tens[d->exponent];
  return TRUE;
}

#if LDBL_MANT_DIG == 64 && LDBL_MAX_EXP == 16384 && G_BYTE_ORDER == G_LITTLE_ENDIAN
/* One operation on exact operands (10^27 has 63 bits without its twos), so the result is off by
 * half a unit in its 64th bit at most; a double keeps 53, and 11 bits say how far its middle is. */
static gboolean
nearly_exact(const Decimal *d, double *value)
{
  static const long double tens[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
                                     1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                     1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L,
                                     1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
  guint64 mantissa;

  if (ABS(d->exponent) > 27)
    return FALSE;
  long double v = d->exponent < 0 ? (long double)d->digits / tens[-d->exponent]
                                  : (long double)d->digits * tens[d->exponent];
  memcpy(&mantissa, &v, sizeof mantissa);
  guint low = (guint)(mantissa & 0x7ff);
  if (low >= 0x3ff && low <= 0x401)
    return FALSE;
  *value = (double)v;
  return TRUE;
}
#else
static gboolean
nearly_exact(const Decimal *d, double *value)
{
  (void)d, (void)value;
  return FALSE;
}
#endif

static gboolean
by_strtod(const char *text, double *value)
{
  *value = g_ascii_strtod(text, NULL);
  return isfinite(*value); /* JSON parsers refuse what is too large */
}

static gboolean
not_finite(const char **p, const char *end, double *value)
{
  *value = NAN;
  return word(p, end, "null", 4) || word(p, end, "NaN", 3) || word(p, end, "Infinity", 8) ||
         word(p, end, "-Infinity", 9);
}

gboolean
sg_run_number(const char **p, const char *end, double *value)
{
  Decimal d = {0};

  if (*p >= end)
    return FALSE;
  const char *behind = take_decimal(*p, end, &d);
  if (!behind)
    return not_finite(p, end, value);
  if (!d.real && (d.too_long || d.n > 18)) /* jansson's integers have 64 bits */
    return FALSE;
  if (d.too_long || !(exact(&d, value) || nearly_exact(&d, value))) {
    if (!by_strtod(*p, value))
      return FALSE;
  } else if (d.negative) {
    *value = -*value;
  }
  *p = behind;
  return TRUE;
}
