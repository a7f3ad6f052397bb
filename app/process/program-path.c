#include "app/process/program-path.h"
#include <string.h>

char *
vitrine_program_path(GError **error)
{
  const char *given = g_getenv("VITRINE_PROGRAM");
  char *path = given ? g_strdup(given) : g_file_read_link("/proc/self/exe", error);

  if (path && g_str_has_suffix(path, " (deleted)"))
    path[strlen(path) - strlen(" (deleted)")] = '\0';
  return path;
}
