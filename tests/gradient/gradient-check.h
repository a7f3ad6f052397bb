/* Checks gradients of first and second order against finite differences in double (reference back
 * end), and the CPU's values and gradients against the reference's. A case is a function of a few
 * variables; the table is the same for every back end. */
#pragma once

#include "engine/autograd/ops.h"

#define CHECK_MAX_INPUTS 6

typedef struct {
  SgFormat fmt;
  int n, c, h, w;
  double offset, spread; /* values are offset + spread * N (0, 1); spread 0 means 1 */
  gboolean constant;     /* no gradient wanted */
} CheckInput;

typedef struct _CheckCase CheckCase;
struct _CheckCase {
  const char *name;
  SgVar *(*build)(SgTape *t, SgVar **in, const CheckCase *c);
  CheckInput in[CHECK_MAX_INPUTS];
  gint64 option;       /* for build */
  gboolean first_only; /* no second order: it is zero or not needed */
};

/* Aborts (g_assert) with the case's name when something is off. */
void check_case(const CheckCase *c);
