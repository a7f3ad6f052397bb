#include "app/work/vitrine-layers-export.h"
#include <string.h>

void
vitrine_layers_export_picture(VitrineSession *session, GdkTexture *texture, GFile *file)
{
  g_autoptr(GBytes) png = gdk_texture_save_to_png_bytes(texture);

  vitrine_saver_save_bytes(vitrine_session_get_saver(session), png, file);
}

void
vitrine_layers_export_csv(VitrineSession *session, const SgProbe *probe,
                          const SgChannelStats *stats, GFile *file)
{
  char *text = sg_probe_csv(probe, stats);
  g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));

  vitrine_saver_save_bytes(vitrine_session_get_saver(session), bytes, file);
}
