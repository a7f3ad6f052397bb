#include "ui/parts/vitrine-device-text.h"
#include <glib/gi18n.h>
#include "engine/backend/backend-device.h"
#include <stdio.h>
#include <string.h>

static double
gib(guint64 bytes)
{
  return (double)bytes / (1 << 30);
}

/* The engine says "CPU, 2 threads". */
char *
vitrine_device_text_title(VitrineSession *session)
{
  const char *title = vitrine_device_choice_get_title(vitrine_session_get_device(session));
  int threads;

  if (sscanf(title, "CPU, %d thread", &threads) != 1)
    return g_strdup(title);
  const char *precision = g_str_has_suffix(title, ", bf16") ? ", bf16" : "";
  g_autofree char *cpu =
      g_strdup_printf(ngettext("CPU, %d thread", "CPU, %d threads", (gulong)threads), threads);
  return g_strconcat(cpu, precision, NULL);
}

char *
vitrine_device_text_status(VitrineSession *session)
{
  SgDeviceInfo info;

  if (!vitrine_device_choice_get_info(vitrine_session_get_device(session), &info)) {
    VitrineView *view = vitrine_session_get_view(session);
    char *title = vitrine_device_text_title(session);
    if (!vitrine_view_can_be_rough(view))
      return title;
    g_autofree char *cpu = title;
    return g_strjoin(" · ", cpu, vitrine_view_get_rough(view) ? "bf16" : "fp32", NULL);
  }
  g_autofree char *memory =
      g_strdup_printf(_("%.1f of %.1f GiB"), gib(info.total - info.available), gib(info.total));
  return g_strjoin(" · ", info.name, sg_precision_names[info.precision], memory, NULL);
}

char *
vitrine_device_text_tooltip(VitrineSession *session)
{
  g_autofree char *title = vitrine_device_text_title(session);
  SgDeviceInfo info;

  if (!vitrine_device_choice_get_info(vitrine_session_get_device(session), &info))
    return g_strdup_printf(_("What renders: %s. The preferences have others (Ctrl+,)"), title);
  return g_strdup_printf(
      _("What renders: %s\n%.2f of %.1f GiB of its memory are in use, %.2f GiB of "
        "them by this window. The preferences have other devices (Ctrl+,)"),
      title, gib(info.total - info.available), gib(info.total), gib(info.reserved));
}

/* ---- trouble --------------------------------------------------------------------------------- */

/* The engine names the device itself. */
static const char *
without_name(const char *text)
{
  const char *end =
      g_str_has_prefix(text, "device ") ? strstr(text + strlen("device "), ": ") : NULL;
  return end ? end + 2 : text;
}

static char *
what_is_wrong(VitrineSession *session, VitrineDeviceTrouble trouble)
{
  const char *choice = vitrine_device_choice_get(vitrine_session_get_device(session));

  switch (trouble) {
  case VITRINE_DEVICE_FULL:
    return g_strdup(_("The graphics device has too little free memory."));
  case VITRINE_DEVICE_LOST:
    return g_strdup(_("The graphics device has stopped working. Vitrine has to be started again "
                      "before it can be used."));
  case VITRINE_DEVICE_FAILED:
    return g_strdup(_("The graphics device could not do what it was asked for."));
  default:
    return g_strdup_printf(_("The device %s cannot be used."), choice);
  }
}

gboolean
vitrine_device_text_trouble(VitrineSession *session, char **heading, char **detail)
{
  const char *text;
  gboolean replaced, drawing;
  VitrineDeviceTrouble trouble = vitrine_device_choice_get_trouble(
      vitrine_session_get_device(session), &text, &replaced, &drawing);
  g_autofree char *title = vitrine_device_text_title(session);

  if (trouble == VITRINE_DEVICE_FINE)
    return FALSE;
  g_autofree char *what = what_is_wrong(session, trouble);
  g_autofree char *then = drawing    ? g_strdup(_("The last picture stays."))
                          : replaced ? g_strdup(_("The CPU renders instead."))
                                     : g_strdup_printf(_("Rendering goes on with %s."), title);
  *heading = g_strdup_printf("%s %s", what, then);
  *detail = g_strdup(without_name(text));
  return TRUE;
}
