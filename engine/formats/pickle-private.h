/* The inside of the pickle machine, shared by pickle.c (nodes, reading, running) and
 * pickle-opcodes.c. */
#pragma once

#include "engine/formats/pickle.h"

G_BEGIN_DECLS

#define SG_PICKLE_WINDOW 16384

typedef struct {
  SgPickle *p;
  SgSource *source;
  guint64 position, size;
  guint8 window[SG_PICKLE_WINDOW];
  guint64 window_start;
  gsize window_size;
  GPtrArray *stack, *memo;
  GArray *marks; /* of guint: stack heights */
  guint64 memo_count;
  gboolean stopped;
  SgPickleNode *result;
} SgPickleMachine;

/* NULL: no opcode that a model needs. Each reads its operand, changes the stack, or fails. */
typedef gboolean (*SgPickleOpcode)(SgPickleMachine *m, guint8 code, GError **error);
extern const SgPickleOpcode sg_pickle_opcodes[256];

SgPickleNode *sg_pickle_new_node(SgPickle *p, SgPickleType type);
/* FALSE: no memory. */
gboolean sg_pickle_append(SgPickle *p, SgPickleNode *seq, SgPickleNode *item);
void sg_pickle_set_protocol(SgPickle *p, int protocol);
void sg_pickle_note_persistent(SgPickle *p, SgPickleNode *node);
/* Nothing is ever called, so these could do no harm; but a file that asks for them was made to do
 * harm, and whoever opens it should know. */
gboolean sg_pickle_is_attack(const SgPickleNode *callable);

gboolean sg_pickle_read_bytes(SgPickleMachine *m, gpointer buffer, gsize n, GError **error);
/* Little-endian, `bytes` wide. */
gboolean sg_pickle_read_uint(SgPickleMachine *m, gsize bytes, guint64 *value, GError **error);
/* A length of `width` bytes that what is left of the source can hold. */
gboolean sg_pickle_read_length(SgPickleMachine *m, gsize width, guint64 *length, GError **error);
/* Up to the next line feed; lives as long as the nodes. */
char *sg_pickle_read_line(SgPickleMachine *m, GError **error);

G_END_DECLS
