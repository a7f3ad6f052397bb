/* The vendor libraries are opened when first needed: they are large (cuDNN maps 200 MB), and
 * without them everything but convolutions and matrix products works. */
#pragma once

#include <dlfcn.h>
#include <glib.h>

/* NULL and error naming the library. It stays open. */
static inline void *
cuda_library(const char *name, GError **error)
{
  void *lib = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!lib)
    g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_MODULE,
                "the CUDA back end needs the library %s: %s", name, dlerror());
  return lib;
}

static inline void *
cuda_symbol(void *lib, const char *library, const char *name, GError **error)
{
  void *symbol = dlsym(lib, name);
  if (!symbol && error && !*error)
    g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_MODULE, "the library %s has no %s",
                library, name);
  return symbol;
}
