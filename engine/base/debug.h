/* Looking inside: VITRINE_DEBUG=render,train,tasks,cache (or "all", "help") writes what happens to
 * standard error, by GLib's log at its debug level in the domain "vitrine". Without it a call costs
 * one comparison. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SG_DEBUG_RENDER = 1 << 0, /* what was drawn, at which size, how long it took */
  SG_DEBUG_TRAIN = 1 << 1,  /* snapshots and what else a training writes */
  SG_DEBUG_TASKS = 1 << 2,  /* work of the panes on the render thread */
  SG_DEBUG_CACHE = 1 << 3,  /* which stages of a picture were there already */
} SgDebug;

/* Any thread. */
gboolean sg_debug_is_on(SgDebug what);

/* sg_debug (SG_DEBUG_RENDER, "%d faces", n): the arguments are evaluated only if it is on. */
#define sg_debug(what, ...)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (G_UNLIKELY(sg_debug_is_on(what)))                                                          \
      g_debug(__VA_ARGS__);                                                                        \
  }                                                                                                \
  G_STMT_END

G_END_DECLS
