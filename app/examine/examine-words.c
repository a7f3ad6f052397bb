#include "app/examine/examine-words.h"
#include <glib/gi18n.h>
#include <math.h>

const char *
vitrine_witness_name(SgWitness w)
{
  switch (w) {
  case SG_WITNESS_DISTANCE:
    return _("Distance to the model");
  case SG_WITNESS_LOGIT:
    return _("Discriminator");
  case SG_WITNESS_SPECTRUM:
    return _("Spectrum");
  default:
    return _("Nearest picture of the data set");
  }
}

const char *
vitrine_witness_question(SgWitness w)
{
  switch (w) {
  case SG_WITNESS_DISTANCE:
    return _("Does the model come as near to it as to pictures of its own?");
  case SG_WITNESS_LOGIT:
    return _("Does the model's discriminator score it as it scores the model's pictures?");
  case SG_WITNESS_SPECTRUM:
    return _("Is its fine structure that of the model's pictures?");
  default:
    return _("Is it a copy of a picture of the data set?");
  }
}

const char *
vitrine_witness_unit(SgWitness w, const SgModel *model)
{
  switch (w) {
  case SG_WITNESS_DISTANCE:
    return model->info.has_d ? _("distance, features of the discriminator")
                             : _("distance, pixels at several sizes");
  case SG_WITNESS_LOGIT:
    return _("logit, each picture judged alone");
  case SG_WITNESS_SPECTRUM:
    return _("side of the discriminant");
  default:
    return model->info.has_d ? _("distance, features of the discriminator")
                             : _("distance, colours at 16 × 16");
  }
}

const char *
vitrine_verdict_word(SgVerdict v)
{
  switch (v) {
  case SG_VERDICT_FITS:
    return _("fits");
  case SG_VERDICT_DOES_NOT_FIT:
    return _("does not fit");
  default:
    return _("cannot tell");
  }
}

const char *
vitrine_reason_words(SgReason r)
{
  switch (r) {
  case SG_REASON_PLAIN:
    return _("The picture has one colour.");
  case SG_REASON_NO_REAL:
    return _("No data set is known, so there is nothing to compare the model's pictures with.");
  case SG_REASON_NO_DIFFERENCE:
    return _("The references do not separate: this witness sees no difference between the model's "
             "pictures and those of the data set.");
  case SG_REASON_LIKE_BOTH:
    return _("Pictures of both kinds have such numbers.");
  case SG_REASON_LIKE_DAMAGED:
    return _(
        "Usual among the model's pictures, but also among those of the data set once they were "
        "saved as JPEG or made smaller.");
  case SG_REASON_LIKE_NEITHER:
    return _("Neither kind has such numbers: another source, or damage on the way.");
  case SG_REASON_LIKE_GENERATED:
    return _("Usual among the model's pictures, rare among those of the data set.");
  case SG_REASON_LIKE_REAL:
    return _("Usual among pictures of the data set, rare among the model's.");
  case SG_REASON_COPY:
    return _("Nearer to a picture of the data set than these are to each other.");
  case SG_REASON_NO_COPY:
    return _("No nearer to a picture of the data set than these are to each other.");
  default:
    return _("Not measured.");
  }
}

char *
vitrine_evidence_words(const SgEvidence *e)
{
  if (isnan(e->auc))
    return NULL;
  return g_strdup_printf(_("%d real and %d generated references, AUC %.2f (%.2f to %.2f)"),
                         e->n_real, e->n_generated, e->auc, e->low, e->high_auc);
}

char *
vitrine_damage_words(const SgDamage *d)
{
  switch (d->kind) {
  case SG_DAMAGE_JPEG:
    return g_strdup_printf(_("JPEG %g"), d->amount);
  case SG_DAMAGE_RESIZE:
    return g_strdup_printf(_("size × %g"), d->amount);
  case SG_DAMAGE_BLUR:
    return g_strdup_printf(_("blur %g"), d->amount);
  default:
    return g_strdup(_("as it is"));
  }
}

/* ---- provenance ------------------------------------------------------------------------------ */

static void
add(GStrvBuilder *b, const char *text)
{
  g_strv_builder_add(b, text);
}

static void
add_recipe(GStrvBuilder *b, const SgExamined *x, const SgModel *model)
{
  if (!x->provenance.has_recipe)
    return;
  if (x->redrawn)
    add(b,
        _("It has a recipe of this model inside, from which the model draws these very pixels."));
  else if (g_strcmp0(x->recipe_hash, model->hash) == 0)
    add(b, _("It has a recipe of this model inside, which gives other pixels: the picture was "
             "changed, or the recipe was put there."));
  else
    add(b, _("It has a recipe inside, of another model."));
}

static void
add_jpeg(GStrvBuilder *b, const SgProvenance *p)
{
  if (p->tables == 0)
    return;
  g_autofree char *text =
      p->quality > 0
          ? g_strdup_printf(_("JPEG with the usual tables of quality %d."), p->quality)
          : g_strdup(_("JPEG with tables of its own, as cameras and some programs have them."));
  add(b, text);
}

char **
vitrine_provenance_words(const SgExamined *x, const SgModel *model)
{
  const SgProvenance *p = &x->provenance;
  g_autoptr(GStrvBuilder) b = g_strv_builder_new();

  add_recipe(b, x, model);
  if (p->has_c2pa)
    add(b, _("It has a C2PA manifest; whether its signature is good is not checked here."));
  if (p->source_type) {
    g_autofree char *text = g_strdup_printf(_("Its metadata call it %s (IPTC)."), p->source_type);
    add(b, text);
  }
  if (p->creator_tool) {
    g_autofree char *text =
        g_strdup_printf(_("Its metadata name the program %s."), p->creator_tool);
    add(b, text);
  }
  if (p->has_xmp && !p->source_type && !p->creator_tool)
    add(b, _("It has XMP metadata that say nothing about its source."));
  if (p->has_iptc)
    add(b, _("It has IPTC metadata."));
  if (p->has_exif)
    add(b, _("It has EXIF metadata."));
  add_jpeg(b, p);
  if (!p->has_c2pa && !p->has_xmp && !p->has_iptc && !p->has_exif && !p->has_recipe)
    add(b, _("The file says nothing about where it comes from, as most do on the way."));
  return g_strv_builder_end(b);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static const char *const limits[] = {
    N_("This asks about one model. A picture of another model fits it no better than a "
       "photograph."),
    N_("“Does not fit” does not mean that a picture is real, and “fits” does not mean that this "
       "model drew it: a picture can come near to the model by chance, and whoever knows these "
       "witnesses can make pictures that they are wrong about."),
    N_("A witness calls rare what one in twenty of its references would show: of twenty pictures "
       "of the data set it takes one for the model's, even where it separates well."),
    N_("How rare a number is among the references is no probability that the picture is generated: "
       "for that one would have to know how many pictures of its kind are."),
    N_("The references stand for real pictures only as far as the picture is of their kind: "
       "another subject, crop, camera or way of saving moves every number."),
    N_("The witnesses are shown one by one because they depend on each other in ways that nobody "
       "has measured."),
    N_("What a file says about itself can be added, taken away or copied."),
    NULL};

const char *const *
vitrine_examine_limits(void)
{
  return limits;
}

const char *
vitrine_examine_limit(guint i)
{
  return i < G_N_ELEMENTS(limits) - 1 ? _(limits[i]) : NULL;
}
