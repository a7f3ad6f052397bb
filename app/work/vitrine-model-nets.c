#include "app/work/vitrine-model-nets.h"
#include <glib/gi18n.h>
#include "engine/models/model.h"
#include "engine/models/family.h"

static const char *const archs[] = {
    [SG_ARCH_SKIP] = "skip", [SG_ARCH_ORIG] = "orig", [SG_ARCH_RESNET] = "resnet"};

void
vitrine_model_nets_free(VitrineModelNets *nets)
{
  if (!nets)
    return;
  g_free(nets->summary);
  g_hash_table_unref(nets->values);
  g_free(nets);
}

static void
put_int(VitrineModelNets *nets, const char *name, int value)
{
  g_hash_table_insert(nets->values, g_strdup(name), g_strdup_printf("%d", value));
}

static void
put_real(VitrineModelNets *nets, const char *name, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_hash_table_insert(nets->values, g_strdup(name),
                      g_strdup(g_ascii_dtostr(text, sizeof text, value)));
}

/* A block at r has min (base / r, max) channels: the first has as many as any, the last the
 * fewest. */
static void
put_widths(VitrineModelNets *nets, SgModel *model)
{
  const SgNetwork *n = sg_model_generator(model);
  const SgLayer *last = sg_network_layer(n, n->output);

  for (guint i = 0; i < n->layers->len; i++)
    if (sg_network_layer(n, (int)i)->kind == SG_KIND_CONSTANT)
      put_int(nets, "channel-max", sg_network_layer(n, (int)i)->out);
  put_int(nets, "channel-base", last->in * last->in_h);
}

static VitrineModelNets *
nets_new(SgModel *model)
{
  const SgModelInfo *i = &model->info;
  VitrineModelNets *nets = g_new0(VitrineModelNets, 1);

  nets->summary = sg_model_summary(model);
  nets->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  put_int(nets, "resolution", i->img_resolution);
  put_int(nets, "channels", i->img_channels);
  put_int(nets, "z-dim", i->z_dim);
  put_int(nets, "w-dim", i->w_dim);
  put_int(nets, "mapping-layers", i->mapping_layers);
  put_real(nets, "mapping-lr-mul", i->mapping_lr_mul);
  put_real(nets, "conv-clamp", i->g_conv_clamp < 0 ? -1 : i->g_conv_clamp);
  put_int(nets, "mbstd-channels", i->mbstd_num_channels);
  g_hash_table_insert(nets->values, g_strdup("g-arch"), g_strdup(archs[i->g_arch]));
  g_hash_table_insert(nets->values, g_strdup("d-arch"), g_strdup(archs[i->d_arch]));
  if (i->c_dim > 0) {
    put_int(nets, "cond", 1);
    put_int(nets, "d-mapping-layers", i->d_mapping_layers);
  }
  put_widths(nets, model);
  return nets;
}

static void
load_thread(GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr(SgModel) model = sg_model_load(path, &error);

  if (!model)
    g_task_return_error(task, error);
  else if (!model->info.family->trainable || !model->info.has_d)
    g_task_return_new_error(task, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                            _("%s: a training goes on from a StyleGAN2 with its discriminator, and "
                              "this file has %s"),
                            (const char *)path,
                            model->info.has_d ? _("another network") : _("a generator only"));
  else
    g_task_return_pointer(task, nets_new(model), (GDestroyNotify)vitrine_model_nets_free);
}

void
vitrine_model_nets_load(const char *path, GCancellable *cancellable, GAsyncReadyCallback done,
                        gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new(NULL, cancellable, done, user_data);

  g_task_set_task_data(task, g_strdup(path), g_free);
  g_task_run_in_thread(task, load_thread);
}

VitrineModelNets *
vitrine_model_nets_load_finish(GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer(G_TASK(result), error);
}
