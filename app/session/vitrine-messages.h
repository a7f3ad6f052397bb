/* VitrineMessages: where the session's parts say something to the person. The window shows it. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_MESSAGES (vitrine_messages_get_type())
G_DECLARE_FINAL_TYPE(VitrineMessages, vitrine_messages, VITRINE, MESSAGES, GObject)

/* Signals: "message" (string, gboolean is_error). Errors are "heading\n\nsentence"; what is not an
 * error is one short line. */

VitrineMessages *vitrine_messages_new(void);
void vitrine_messages_say(VitrineMessages *self, const char *text, gboolean is_error);
void vitrine_messages_info(VitrineMessages *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
void vitrine_messages_error(VitrineMessages *self, const char *heading, const char *text);

G_END_DECLS
