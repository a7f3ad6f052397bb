/* vitrine convert IN OUT: any readable model to safetensors, or to what PyTorch reads. */
#include "app/cli/cli.h"
#include "engine/models/model-save.h"
#include <stdio.h>

typedef struct {
  const char *in, *out;
  gboolean light, json;
  SgModelForm form;
  SgDtype dtype;
} Conversion;

static GError *
convert(const Conversion *c)
{
  GError *error = NULL;
  g_autoptr(SgModel) whole = cli_load_model(c->in, &error);
  g_autoptr(SgModel) model = NULL;

  if (whole)
    model = c->light ? sg_model_new_light(whole) : sg_model_ref(whole);
  if (!model || !sg_model_save_as(model, c->out, c->form, c->dtype, &error))
    return error;
  if (c->json) {
    printf("{\"hash\": \"%s\", \"tensors\": %u}\n", model->hash, model->names->len);
  } else {
    g_autofree char *summary = sg_model_summary(model);
    printf("%s: %s\n", cli_name(c->out), summary);
  }
  return NULL;
}

/* The file's name tells where nothing else does. */
static gboolean
parse_form(const char *to, const char *out, SgModelForm *form, GError **error)
{
  gboolean torch = g_str_has_suffix(out, ".pt") || g_str_has_suffix(out, ".pth");

  if (to && !g_str_equal(to, "safetensors") && !g_str_equal(to, "torch")) {
    cli_set_usage_error(error, "--to should be safetensors or torch, but is “%s”", cli_name(to));
    return FALSE;
  }
  *form = (to ? g_str_equal(to, "torch") : torch) ? SG_MODEL_TORCH : SG_MODEL_SAFETENSORS;
  return TRUE;
}

static gboolean
parse_dtype(const char *text, SgDtype *dtype, GError **error)
{
  if (text && !g_str_equal(text, "float32") && !g_str_equal(text, "float16")) {
    cli_set_usage_error(error, "--dtype should be float32 or float16, but is “%s”", cli_name(text));
    return FALSE;
  }
  *dtype = text && g_str_equal(text, "float16") ? SG_DTYPE_FLOAT16 : SG_DTYPE_FLOAT32;
  return TRUE;
}

int
cli_convert(int argc, char **argv)
{
  Conversion c = {0};
  g_autofree char *to = NULL, *dtype = NULL;
  const GOptionEntry entries[] = {
      {"to", 0, 0, G_OPTION_ARG_STRING, &to,
       "what OUT is (by its name: torch for .pt and .pth, else safetensors)", "safetensors|torch"},
      {"dtype", 0, 0, G_OPTION_ARG_STRING, &dtype,
       "numbers of 32 bits (float32), or rounded to half as many, for smaller files",
       "float32|float16"},
      {"light", 0, 0, G_OPTION_ARG_NONE, &c.light,
       "of a training's snapshot only what drawing and scoring need", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &c.json, "print the hash of the weights read as JSON",
       NULL},
      {NULL}};
  const CliHelp help = {
      "IN OUT", "Writes any readable model as safetensors, or as PyTorch's state dicts.",
      "OUT appears only when all of it is on disk; what was there stays if that fails.\n"
      "In PyTorch, without Vitrine: torch.load(\"OUT.pt\", weights_only=True)[\"G_ema\"] is the\n"
      "generator's state dict, [\"D\"] the discriminator's, [\"__metadata__\"] tells the "
      "architecture. "
      "The\nnames of a StyleGAN2's layers are those of NVlabs' stylegan2-ada-pytorch."};
  const char *command = argv[0];
  GError *error = NULL;

  if (!cli_parse(&argc, &argv, entries, &help, &error))
    return cli_finish(command, error);
  if (argc != 3)
    cli_set_usage_error(&error, "expected two files: the model to read and the file to write");
  else if (parse_form(to, argv[2], &c.form, &error) && parse_dtype(dtype, &c.dtype, &error)) {
    c.in = argv[1];
    c.out = argv[2];
    error = convert(&c);
  }
  return cli_finish(command, error);
}
