#include "engine/perceptual/weights.h"
#include "engine/base/visible.h"
#include "engine/formats/format-error.h"

static const struct {
  const char *file, *network, *instead;
} kinds[SG_WEIGHTS_KINDS] = {
    [SG_WEIGHTS_INCEPTION] = {"pt_inception-2015-12-05-6726825d.pth",
                              "the Inception network as pytorch-fid has it",
                              "metrics in -d and -rand need no such file"},
    [SG_WEIGHTS_VGG] = {"vgg16-397923af.pth", "VGG16 as torchvision has it",
                        "metrics in -d need no such file"},
    [SG_WEIGHTS_LPIPS] = {"vgg.pth", "LPIPS' factors for VGG16 (v0.1/vgg.pth of the lpips package)",
                          "metrics in -d need no such file"},
};

static char *used[SG_WEIGHTS_KINDS];

void
sg_weights_use(SgWeightsKind kind, const char *path)
{
  g_free(used[kind]);
  used[kind] = g_strdup(path);
}

const char *
sg_weights_name(SgWeightsKind kind)
{
  return kinds[kind].file;
}

char *
sg_weights_path(SgWeightsKind kind)
{
  const char *folder = g_getenv("VITRINE_WEIGHTS");

  if (used[kind])
    return g_strdup(used[kind]);
  return folder ? g_build_filename(folder, kinds[kind].file, NULL)
                : g_build_filename(g_get_user_data_dir(), "vitrine", "weights", kinds[kind].file,
                                   NULL);
}

gboolean
sg_weights_have(SgWeightsKind kind)
{
  g_autofree char *path = sg_weights_path(kind);
  return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

gboolean
sg_weights_missing(const char *what, SgWeightsKind kind, GError **error)
{
  g_autofree char *path = sg_weights_path(kind);
  g_autofree char *shown = sg_visible(path);

  return sg_unsupported(error,
                        "%s looks at pictures with %s, whose weights were looked for in %s; %s",
                        what, kinds[kind].network, shown, kinds[kind].instead);
}
