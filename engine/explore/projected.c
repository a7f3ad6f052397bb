#include "engine/explore/projected.h"
#include "engine/base/room.h"
#include "engine/explore/picture-model.h"
#include "engine/explore/tuned.h"
#include "engine/explore/vector-file.h"
#include "engine/formats/format-error.h"
#include "engine/formats/npy.h"
#include "engine/pictures/picture.h"

/* Named by content: a picture that was here before keeps the maps that it names. */
static gboolean
write_noise_maps(const SgProjection *p, int i, const char *folder, SgRecipe *recipe, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename(folder, NULL);

  if (!g_utf8_validate(absolute, -1, NULL))
    return sg_unsupported(error,
                          "%s: a picture can only name files whose path is UTF-8; choose another "
                          "folder",
                          absolute);
  for (int k = 0; k < sg_projection_noise_maps(p); k++) {
    g_autoptr(SgTensor) map = sg_projection_noise_map(p, i, k);
    if (!map)
      return sg_room_check(error);
    g_autofree char *sha256 = sg_tensor_sha256(map);
    g_autofree char *name = g_strdup_printf("noise-%02d-%.12s.npy", k, sha256);
    g_autofree char *path = g_build_filename(absolute, name, NULL);
    if (!sg_npy_write(path, map, error))
      return FALSE;
    sg_recipe_set_noise_map(recipe, k, name, path, sha256);
  }
  return TRUE;
}

static char *
path_of(const char *folder, const char *prefix, const char *name)
{
  g_autofree char *base = g_strconcat(prefix, name, NULL);
  return g_build_filename(folder, base, NULL);
}

static gboolean
write_picture(const char *folder, const char *prefix, const char *name, const SgPicture *like,
              const guint8 *pixels, const char *json, GError **error)
{
  g_autofree char *path = path_of(folder, prefix, name);
  return sg_png_write_drawn(path, pixels, like->width, like->height, like->channels, json, error);
}

static gboolean
write_files(SgProjected *out, const SgModel *model, const double *ws, const guint8 *target,
            const char *folder, const char *prefix, GError **error)
{
  g_autofree char *npz = path_of(folder, prefix, "projected_w.npz");
  g_autofree char *json = sg_picture_recipe(out->recipe, model);

  return sg_vectors_write(npz, SG_SPACE_W, model->info.num_ws, model->info.w_dim, ws, error) &&
         write_picture(folder, prefix, "target.png", out->picture, target, NULL, error) &&
         write_picture(folder, prefix, "proj.png", out->picture, out->picture->rgb, json, error);
}

gboolean
sg_projected_write(const SgProjection *p, int i, const SgTuning *tuning, SgRenderer *r,
                   const guint8 *target, int label, const char *folder, const char *prefix,
                   SgProjected *out, GError **error)
{
  const SgModel *model = sg_renderer_model(r);
  int layers = model->info.num_ws;
  g_autofree double *ws = g_new(double, (gsize)layers *(gsize)model->info.w_dim);

  *out = (SgProjected){.recipe = sg_recipe_new_for(&model->info)};
  sg_projection_ws(p, i, ws);
  if (!sg_room_check(error)) {
    sg_projected_clear(out);
    return FALSE;
  }
  sg_recipe_set_w(out->recipe, sg_projection_is_single(p) ? 1 : layers, ws);
  out->recipe->label = label;
  out->recipe->noise_mode = SG_NOISE_CONST;
  g_autoptr(SgModel) tuned = tuning ? sg_tuning_weights(tuning, error) : NULL;
  if ((tuning && !tuned) || !write_noise_maps(p, i, folder, out->recipe, error) ||
      (tuned && !sg_tuned_save(model, tuned, folder, out->recipe, error)) ||
      !(out->picture = sg_renderer_render(r, out->recipe, 0, error)) ||
      !write_files(out, model, ws, target, folder, prefix, error)) {
    sg_projected_clear(out);
    return FALSE;
  }
  gsize bytes =
      (gsize)out->picture->width * (gsize)out->picture->height * (gsize)out->picture->bytes;
  out->psnr = sg_psnr(bytes, out->picture->rgb, target);
  out->loss = tuning ? *sg_tuning_loss(tuning) : *sg_projection_loss(p, i);
  out->percentile = sg_w_cloud_percentile(sg_projection_cloud(p), layers, ws);
  return TRUE;
}

void
sg_projected_clear(SgProjected *p)
{
  g_clear_pointer(&p->recipe, sg_recipe_free);
  g_clear_pointer(&p->picture, sg_picture_free);
}
