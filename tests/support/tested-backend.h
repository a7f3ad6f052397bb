/* The back end that a test of "the fast one" tests: the CPU's, or that of VITRINE_TEST_DEVICE. */
#pragma once

#include "engine/backend/backend-device.h"
#include <stdlib.h>

/* Where the device is missing the whole program is skipped, or, with VITRINE_TEST_REQUIRED=1,
 * fails: so it has to be asked for before g_test_init. It becomes the default. */
static inline SgBackend *
tested_backend(void)
{
  g_autoptr(GError) error = NULL;
  const char *name = g_getenv("VITRINE_TEST_DEVICE"),
             *precision = g_getenv("VITRINE_TEST_PRECISION");
  SgBackend *b = NULL;

  if (!precision || sg_backend_set_precision(precision, &error))
    b = sg_backend_open(name ? name : "cpu", &error);

  if (b) {
    sg_backend_set_default(b);
    return b;
  }
  if (g_strcmp0(g_getenv("VITRINE_TEST_REQUIRED"), "1") == 0)
    g_error("%s", error->message);
  g_print("1..0 # SKIP %s\n", error->message);
  exit(0);
}
