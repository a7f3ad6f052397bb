#include "engine/base/interrupt.h"

typedef struct {
  SgInterruptFunc asked;
  gpointer data;
} Interrupt;

static GPrivate interrupts = G_PRIVATE_INIT(g_free);

void
sg_interrupt_set(SgInterruptFunc asked, gpointer data)
{
  Interrupt *i = g_private_get(&interrupts);

  if (!i) {
    if (!asked)
      return;
    g_private_set(&interrupts, i = g_new0(Interrupt, 1));
  }
  *i = (Interrupt){asked, data};
}

gboolean
sg_interrupted(GError **error)
{
  const Interrupt *i = g_private_get(&interrupts);

  if (!i || !i->asked || !i->asked(i->data))
    return FALSE;
  g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INTR, "interrupted");
  return TRUE;
}

gboolean
sg_is_interrupt(const GError *error)
{
  return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_INTR);
}
