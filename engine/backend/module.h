/* Modules: what the program loads only when it is asked for, so that it links and needs none of the
 * libraries behind them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *file;     /* "libvitrine-cuda.so" */
  const char *variable; /* of the environment: a path to be used instead */
  const char *folder;   /* where it lies in the build tree */
  const char *name;     /* "CUDA", for messages */
  gboolean global;      /* the libraries that come with it look for each other's symbols */
} SgModuleFile;

/* The module's function, to be cast; it stays loaded. NULL and SG_BACKEND_ERROR_MODULE, which says
 * where it was looked for or why it could not be loaded. */
gpointer sg_module_symbol(const SgModuleFile *m, const char *symbol, GError **error);

G_END_DECLS
