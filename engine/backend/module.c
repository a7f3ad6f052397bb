#include "engine/backend/module.h"
#include "engine/backend/backend-device.h"
#include <dlfcn.h>

/* Where it may be: named by the variable, beside the program, in the build tree, or installed. */
static GPtrArray *
places(const SgModuleFile *m)
{
  GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
  const char *named = g_getenv(m->variable);
  g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
  g_autofree char *dir = program ? g_path_get_dirname(program) : NULL;

  if (named) {
    g_ptr_array_add(all, g_strdup(named));
    return all;
  }
  if (dir) {
    g_ptr_array_add(all, g_build_filename(dir, m->file, NULL));
    g_ptr_array_add(all, g_build_filename(dir, "..", m->folder, m->file, NULL));
    g_ptr_array_add(all, g_build_filename(dir, "..", "..", m->folder, m->file, NULL));
  }
  g_ptr_array_add(all, g_build_filename(SG_MODULE_DIR, m->file, NULL));
  return all;
}

gpointer
sg_module_symbol(const SgModuleFile *m, const char *symbol, GError **error)
{
  g_autoptr(GPtrArray) all = places(m);

  for (guint i = 0; i < all->len; i++) {
    const char *path = all->pdata[i];
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
      continue;
    void *module = dlopen(path, RTLD_NOW | (m->global ? RTLD_GLOBAL : RTLD_LOCAL));
    gpointer found = module ? dlsym(module, symbol) : NULL;
    if (!found)
      g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_MODULE,
                  "the %s module cannot be loaded: %s", m->name, dlerror());
    return found;
  }
  g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_MODULE,
              "this installation has no %s module (%s is not at %s)", m->name, m->file,
              (const char *)all->pdata[all->len - 1]);
  return NULL;
}
