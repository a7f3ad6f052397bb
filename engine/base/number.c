#include "engine/base/number.h"

#define MOST_DIGITS 17 /* which every double is told apart by */

char *
sg_number_text(double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE], format[8];

  for (int digits = 1; digits <= MOST_DIGITS; digits++) {
    g_snprintf(format, sizeof format, "%%.%dg", digits);
    g_ascii_formatd(text, sizeof text, format, value);
    if (g_ascii_strtod(text, NULL) == value)
      break;
  }
  return g_strdup(text);
}
