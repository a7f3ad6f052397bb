/* vitrine convert IN OUT: any readable model to safetensors, to what PyTorch reads, or one of its
 * networks to ONNX. */
#include "app/cli/cli.h"
#include "engine/export/onnx.h"
#include "engine/models/model-save.h"
#include <stdio.h>
#include <string.h>

typedef enum { FORM_SAFETENSORS, FORM_TORCH, FORM_ONNX } Form;

typedef struct {
  const char *in, *out;
  gboolean light, json;
  char **card; /* "licence=CC0" …, NULL at the end; or NULL */
  Form form;
  SgDtype dtype;
  SgExportPart part;   /* ONNX */
  SgExportNoise noise; /* ONNX */
} Conversion;

static gboolean
save(const Conversion *c, SgModel *model, GError **error)
{
  if (c->form == FORM_ONNX)
    return sg_model_export_onnx(model, c->part, c->noise, c->dtype, c->out, error);
  return sg_model_save_as(model, c->out,
                          c->form == FORM_TORCH ? SG_MODEL_TORCH : SG_MODEL_SAFETENSORS, c->dtype,
                          error);
}

/* What a model's card may be told by hand. */
static const char *const card_fields[] = {"dataset", "description", "licence", "metric"};

static gboolean
set_card_field(SgModel *m, const char *text, GError **error)
{
  const char *sign = strchr(text, '=');

  for (gsize i = 0; sign && i < G_N_ELEMENTS(card_fields); i++)
    if (strlen(card_fields[i]) == (gsize)(sign - text) && g_str_has_prefix(text, card_fields[i])) {
      g_hash_table_replace(m->metadata, g_strdup(card_fields[i]), g_utf8_make_valid(sign + 1, -1));
      return TRUE;
    }
  cli_set_usage_error(error,
                      "--card: expected dataset=…, description=…, licence=… or metric=…, found "
                      "“%s”",
                      cli_name(text));
  return FALSE;
}

/* A model of its own, which shares the tensors. */
static SgModel *
with_card(const Conversion *c, const SgModel *model, GError **error)
{
  g_autoptr(SgModel) m = sg_model_new(model->path, &model->info);
  GHashTableIter iter;
  gpointer key, value;

  sg_model_share_networks(m, model);
  for (guint i = 0; i < model->names->len; i++)
    sg_model_take(m, "", model->names->pdata[i],
                  sg_tensor_ref(g_hash_table_lookup(model->tensors, model->names->pdata[i])));
  g_hash_table_iter_init(&iter, model->metadata);
  while (g_hash_table_iter_next(&iter, &key, &value))
    g_hash_table_replace(m->metadata, g_strdup(key), g_strdup(value));
  for (char **field = c->card; *field; field++)
    if (!set_card_field(m, *field, error))
      return NULL;
  m->hash = g_strdup(model->hash);
  return g_steal_pointer(&m);
}

static GError *
convert(const Conversion *c)
{
  GError *error = NULL;
  g_autoptr(SgModel) whole = cli_load_model(c->in, &error);
  g_autoptr(SgModel) model = NULL;

  if (whole)
    model = c->light ? sg_model_new_light(whole) : sg_model_ref(whole);
  if (model && c->card) {
    SgModel *card = with_card(c, model, &error);
    sg_model_unref(model);
    model = card;
  }
  if (!model || !save(c, model, &error))
    return error;
  if (c->json) {
    printf("{\"hash\": \"%s\", \"tensors\": %u}\n", model->hash, model->names->len);
  } else {
    g_autofree char *summary = sg_model_summary(model);
    printf("%s: %s\n", cli_name(c->out), summary);
  }
  return NULL;
}

/* The index of `text` in a list that ends with NULL; 0 where it is NULL; -1 and an error. */
static int
parse_choice(const char *option, const char *text, const char *const *choices, GError **error)
{
  for (int i = 0; choices[i]; i++)
    if (!text || g_str_equal(text, choices[i]))
      return i;
  g_autofree char *list = g_strjoinv(", ", (char **)choices);
  cli_set_usage_error(error, "%s should be one of %s, but is “%s”", option, list, cli_name(text));
  return -1;
}

/* The file's name tells where nothing else does. */
static const char *
form_by_name(const char *out)
{
  return g_str_has_suffix(out, ".pt") || g_str_has_suffix(out, ".pth") ? "torch"
         : g_str_has_suffix(out, ".onnx")                              ? "onnx"
                                                                       : "safetensors";
}

static void
parse_choices(Conversion *c, const char *to, const char *dtype, const char *part, const char *noise,
              GError **error)
{
  static const char *const forms[] = {"safetensors", "torch", "onnx", NULL};
  static const char *const dtypes[] = {"float32", "float16", NULL};
  static const char *const parts[] = {"picture", "synthesis", "mapping", "discriminator", NULL};
  static const char *const noises[] = {"const", "input", "none", NULL};
  int form = parse_choice("--to", to, forms, error);
  int half = form < 0 ? -1 : parse_choice("--dtype", dtype, dtypes, error);
  int network = half < 0 ? -1 : parse_choice("--part", part, parts, error);
  int planes = network < 0 ? -1 : parse_choice("--noise", noise, noises, error);

  if (planes < 0)
    return;
  if ((part || noise) && form != FORM_ONNX)
    cli_set_usage_error(error, "%s is for ONNX files (--to=onnx)", part ? "--part" : "--noise");
  c->form = (Form)form;
  c->dtype = half ? SG_DTYPE_FLOAT16 : SG_DTYPE_FLOAT32;
  c->part = (SgExportPart)network;
  c->noise = (SgExportNoise)planes;
}

int
cli_convert(int argc, char **argv)
{
  Conversion c = {0};
  g_autofree char *to = NULL, *dtype = NULL, *part = NULL, *noise = NULL;
  const GOptionEntry entries[] = {
      {"to", 0, 0, G_OPTION_ARG_STRING, &to,
       "what OUT is (by its name: torch for .pt and .pth, onnx for .onnx, else safetensors)",
       "safetensors|torch|onnx"},
      {"dtype", 0, 0, G_OPTION_ARG_STRING, &dtype,
       "numbers of 32 bits (float32), or rounded to half as many, for smaller files",
       "float32|float16"},
      {"part", 0, 0, G_OPTION_ARG_STRING, &part,
       "of ONNX: which network (picture: z to picture; synthesis: ws to picture)",
       "picture|synthesis|mapping|discriminator"},
      {"noise", 0, 0, G_OPTION_ARG_STRING, &noise,
       "of ONNX: the noise that the model stores (const), given with each picture, or none",
       "const|input|none"},
      {"card", 0, 0, G_OPTION_ARG_STRING_ARRAY, &c.card,
       "a field of the model's card: dataset, description, licence or metric; may be repeated",
       "FIELD=TEXT"},
      {"light", 0, 0, G_OPTION_ARG_NONE, &c.light,
       "of a training's snapshot only what drawing and scoring need", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &c.json, "print the hash of the weights read as JSON",
       NULL},
      {NULL}};
  const CliHelp help = {
      "IN OUT", "Writes any readable model as safetensors, as PyTorch's state dicts or as ONNX.",
      "OUT appears only when all of it is on disk; what was there stays if that fails.\n"
      "In PyTorch, without Vitrine: torch.load(\"OUT.pt\", weights_only=True)[\"G_ema\"] is the\n"
      "generator's state dict, [\"D\"] the discriminator's, [\"__metadata__\"] tells the "
      "architecture. "
      "The\nnames of a StyleGAN2's layers are those of NVlabs' stylegan2-ada-pytorch.\n"
      "ONNX (operations of version 17) holds one network: in onnxruntime,\n"
      "InferenceSession(\"OUT.onnx\").run([\"picture\"], {\"z\": z}) with z [N, 512] gives [N, C, "
      "H, "
      "W]\nfrom −1 to 1; \"psi\" truncates, \"label\" [N, classes] is one-hot."};
  const char *command = argv[0];
  GError *error = NULL;

  if (!cli_parse(&argc, &argv, entries, &help, &error))
    return cli_finish(command, error);
  if (argc != 3)
    cli_set_usage_error(&error, "expected two files: the model to read and the file to write");
  else
    parse_choices(&c, to ? to : form_by_name(argv[2]), dtype, part, noise, &error);
  if (!error) {
    c.in = argv[1];
    c.out = argv[2];
    error = convert(&c);
  }
  g_strfreev(c.card);
  return cli_finish(command, error);
}
