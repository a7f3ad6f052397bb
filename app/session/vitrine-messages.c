#include "app/session/vitrine-messages.h"

struct _VitrineMessages {
  GObject parent_instance;
};

static guint message_signal;

G_DEFINE_FINAL_TYPE(VitrineMessages, vitrine_messages, G_TYPE_OBJECT)

static void
vitrine_messages_class_init(VitrineMessagesClass *class)
{
  message_signal = g_signal_new("message", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
vitrine_messages_init(VitrineMessages *self)
{
}

VitrineMessages *
vitrine_messages_new(void)
{
  return g_object_new(VITRINE_TYPE_MESSAGES, NULL);
}

void
vitrine_messages_say(VitrineMessages *self, const char *text, gboolean is_error)
{
  g_return_if_fail(VITRINE_IS_MESSAGES(self));
  g_return_if_fail(text != NULL);
  /* Errors name files as they are, and widgets take valid UTF-8 alone. */
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_signal_emit(self, message_signal, 0, valid, is_error);
}

void
vitrine_messages_info(VitrineMessages *self, const char *format, ...)
{
  g_return_if_fail(VITRINE_IS_MESSAGES(self));
  va_list args;

  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  vitrine_messages_say(self, text, FALSE);
}

void
vitrine_messages_error(VitrineMessages *self, const char *heading, const char *text)
{
  g_return_if_fail(VITRINE_IS_MESSAGES(self));
  g_autofree char *whole = g_strdup_printf("%s\n\n%s", heading, text);
  vitrine_messages_say(self, whole, TRUE);
}
