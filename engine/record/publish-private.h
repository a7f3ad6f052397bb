/* The memory file between a training and who follows it. */
#pragma once

#include <glib.h>
#include <stdatomic.h>

G_BEGIN_DECLS

#define SG_PUBLISH_MAGIC  "vitrine\1"
#define SG_PUBLISH_LAYOUT 1

/* Lock-free, or two processes could not share them. */
G_STATIC_ASSERT(ATOMIC_LLONG_LOCK_FREE == 2 && sizeof(_Atomic guint64) == 8);

typedef struct {
  _Atomic guint64 sequence; /* odd: it is being written */
  _Atomic guint64 number;   /* which publication it holds */
  _Atomic guint64 nimg;     /* of its weights */
} SgPublishSlot;

/* At the start of the file; only the atomics ever change. `head` is the beginning of a safetensors
 * file and each slot the rest of it. */
typedef struct {
  char magic[8];
  guint64 layout, file_size;
  guint64 head_at, head_size;
  guint64 slot_at[2], slot_size;
  _Atomic guint64 newest; /* publications so far; the newest is in slot newest % 2 */
  _Atomic guint64 since;  /* those before are from long ago, when somebody else followed */
  SgPublishSlot slots[2];
} SgPublishHeader;

G_END_DECLS
