#include "engine/formats/format-error.h"
#include <stdarg.h>

G_DEFINE_QUARK(sg - format - error - quark, sg_format_error)

static gboolean
set_error(GError **error, SgFormatError code, const char *format, va_list args)
{
  /* The first thing that went wrong is the one worth telling. */
  if (error && !*error)
    *error = g_error_new_valist(SG_FORMAT_ERROR, code, format, args);
  return FALSE;
}

gboolean
sg_broken(GError **error, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  set_error(error, SG_FORMAT_ERROR_BROKEN, format, args);
  va_end(args);
  return FALSE;
}

gboolean
sg_unsupported(GError **error, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  set_error(error, SG_FORMAT_ERROR_UNSUPPORTED, format, args);
  va_end(args);
  return FALSE;
}

gboolean
sg_no_memory(GError **error, const char *what)
{
  if (error && !*error)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory %s", what);
  return FALSE;
}

gboolean
sg_is_shortage(const GError *error)
{
  return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM) ||
         g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_MFILE) ||
         g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NFILE);
}
