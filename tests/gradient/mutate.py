#!/usr/bin/env python3
"""Breaks the gradients on purpose, one line at a time, and says which breaks no test notices.

usage: mutate.py [--work DIR] [--only TEXT] [--first N] [--count N] [--list]      not run by CI; half an hour on two cores

Works in a copy of the source tree (DIR, /tmp/vitrine-mutate if not given), never here. Every mutation replaces one piece
of text, builds the tests of gradients and of training and runs them until one is red; then the file is put back. A
mutation whose text is not in the file any more (exactly once, or as its NTH occurrence) is an error: the source has
changed, so change the table below. Exit status 0: every mutation was noticed.

Equivalent ones, which no test can notice, are not in the table: in act_grad_backward() the saved y may be replaced by any
value of the same sign and clamping (only those matter); sg_tape_grad()'s freeing of nodes only costs memory (test-ops'
/tape/release counts them); sum_to of [1, C] by hand or by cpu_dot() is the same sum in another order.
"""
import argparse
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OPS, ACT, TAPE = 'engine/autograd/ops.c', 'engine/autograd/ops-act.c', 'engine/autograd/tape.c'
FILTER, FILTERED = 'engine/autograd/ops-filter.c', 'engine/gradients/filtered.c'
LOSS, RESULTS, LEARN = ('engine/learn/%s.c' % x for x in ('losses', 'loss-results', 'learn'))
D, LAYERS, WEIGHTS = ('engine/gradients/%s.c' % x for x in ('discriminator', 'layers', 'weights'))
CPU, CPUCONV = 'engine/backend/cpu/cpu-train.c', 'engine/backend/cpu/cpu-train-conv.c'
ROWS, AUGMENT = 'engine/backend/cpu/cpu-rows.c', 'engine/backend/cpu/cpu-augment.c'
KERNELS = 'engine/kernels/element.h'

# (file, what is there, what to put there[, which occurrence from 0 if there are several])
MUTATIONS = [
    # operations
    (OPS, 'node->p.real[i] == 1 ? dy :', 'node->p.real[i] != 0 ? dy :'),
    (OPS, 'dx[i] = sg_op_mul(t, dy, node->saved[1 - i]);', 'dx[i] = sg_op_mul(t, dy, node->saved[i]);'),
    (OPS, 'sg_op_mul(t, v, v)), -0.5)', 'sg_op_mul(t, v, v)), 0.5)'),
    (OPS, 'slope = sg_op_combine(t, 1, v, -1, sg_op_mul(t, v, v));', 'slope = v;'),
    (OPS, 'slope = sg_op_sigmoid(t, v);', 'slope = sg_op_softplus(t, v);'),
    (OPS, 'dx[0] = sg_op_expand(t, dy, (SgFormat)s[4], s[0], s[1], s[2], s[3]);',
     'dx[0] = sg_op_gain(t, sg_op_expand(t, dy, (SgFormat)s[4], s[0], s[1], s[2], s[3]), 1.001);'),
    (OPS, 'dx[0] = sg_op_sum_to(t, dy, s[0], s[1], s[2], s[3]);',
     'dx[0] = sg_op_gain(t, sg_op_sum_to(t, dy, s[0], s[1], s[2], s[3]), 0.999);'),
    (OPS, 'dx[0] = sg_op_pad(t, dy, node->p.integer[0],', 'dx[0] = sg_op_pad(t, dy, 0,'),
    (OPS, 'dx[0] = sg_op_slice(t, dy, node->p.integer[0],', 'dx[0] = sg_op_slice(t, dy, 0,'),
    (OPS, 'sg_op_matmul(t, b, tb, dy, TRUE, alpha)', 'sg_op_matmul(t, b, tb, dy, TRUE, 1)'),
    (OPS, 'sg_op_matmul(t, dy, TRUE, a, ta, alpha)', 'sg_op_matmul(t, dy, TRUE, a, ta, 1)'),
    (ACT, 'dx[0] = sg_op_scale(t, dy, s);', 'dx[0] = dy;'),
    (ACT, 'dx[i] = sg_op_scale(t, node->saved[1 - i], dy);', 'dx[i] = sg_op_scale(t, node->saved[i], dy);'),
    (ACT, 'dx[EP_X] = scale ? sg_op_scale(t, d, scale) : d;', 'dx[EP_X] = d;'),
    (ACT, 'dx[EP_SCALE] = sg_op_dot(t, d, x);', 'dx[EP_SCALE] = sg_op_dot(t, d, y);'),
    (ACT, 'dx[EP_BIAS] = sg_op_sum_to(t, d, 1, V(d)->c, 1, 1);',
     'dx[EP_BIAS] = sg_op_sum_to(t, dy, 1, V(d)->c, 1, 1);'),
    (ACT, 'SgVar *sums = sg_op_sum_to(t, d, V(noise)->n', 'SgVar *sums = sg_op_sum_to(t, dy, V(noise)->n'),
    (ACT, 'dx[EP_STRENGTH] = sg_op_sum(t, sg_op_mul(t, sums, noise));', 'dx[EP_STRENGTH] = sg_op_sum(t, sums);'),
    (ACT, '.scale = scale ? V(scale) : NULL,', '.scale = NULL,'),
    (ACT, 'dx[0] = sg_op_act_grad(t, dy, node->saved[0], p[0], p[1], p[2]);', 'dx[0] = dy;'),
    (OPS, 'slope = sg_op_sin(t, v, node->q.real[0] + G_PI_2);', 'slope = sg_op_sin(t, v, G_PI_2);'),
    (FILTER, 'f->taps[back ? n - 1 - i : i]', 'f->taps[i]'),
    (FILTER, 'copy->pad = f->n - 1 - f->pad;', 'copy->pad = f->n - f->pad;'),
    (FILTER, 'd = sg_op_act_grad(t, d, y, f->slope, f->gain, f->clamp);', ''),
    (FILTER, 'sg_op_gain(t, sg_op_dot(t, off, off), 1 / pixels)', 'sg_op_gain(t, sg_op_dot(t, x, off), 1.1 / pixels)'),
    (FILTERED, 'rows[1][0][j] = -g[1][j];', 'rows[1][0][j] = g[1][j];'),
    (ACT, 'adjoint_of((SgFir)node->p.integer[0])', '(adjoint_of((SgFir)node->p.integer[0]) & 4) + 2'),
    (ACT, 'dx[0] = style ? sg_op_scale(t, d, style) : d;', 'dx[0] = d;'),
    (ACT, 'conv_weight(t, style ? sg_op_scale(t, x, style) : x, dy, g)', 'conv_weight(t, x, dy, g)'),
    (ACT, 'd[0] = conv_output(t, dx_, NULL, w, g, V(y)->h, V(y)->w);',
     'd[0] = sg_op_gain(t, conv_output(t, dx_, NULL, w, g, V(y)->h, V(y)->w), 2);'),
    (ACT, 'd[1] = conv_weight(t, dx_, y, g);', 'd[1] = NULL;'),
    (ACT, 'd[0] = conv_input(t, y, dw, g, V(x)->h, V(x)->w);', 'd[0] = NULL;'),
    (ACT, 'dx[k] = rgb(t, rgb_pass[i], a, b, node->p.integer[1]);', 'dx[k] = k ? rgb(t, rgb_pass[i], a, b, node->p.integer[1]) : NULL;'),
    (ACT, 'SG_AUGMENT_ADJOINT ? SG_AUGMENT_LINEAR', 'SG_AUGMENT_ADJOINT ? SG_AUGMENT_FORWARD'),
    (TAPE, 'tape->backend->combine(sum, 1, sum, 1, g->value);', 'tape->backend->combine(sum, 1, g->value, 0, NULL);'),
    (TAPE, 'SgVar *sum = sg_op_add(tape, slot->grad, g);', 'SgVar *sum = sg_op_add(tape, g, g);'),
    # losses
    (LOSS, 'SgVar *loss = sg_op_softplus(t, sg_op_gain(t, logits, -1));', 'SgVar *loss = sg_op_gain(t, logits, -1);'),
    (LOSS, 'SgVar *loss = sg_op_softplus(t, logits);', 'SgVar *loss = sg_op_softplus(t, sg_op_gain(t, logits, -1));'),
    (LOSS, 'loss = sg_op_softplus(t, sg_op_gain(t, logits, -1));\n  leave(&r->scores_real', 'loss = sg_op_softplus(t, logits);\n  leave(&r->scores_real'),
    (LOSS, 'gain / l->all', 'gain'),
    (LOSS, 'l->backend->combine(sum, 1, sum, 1, V(grads[i]));', 'l->backend->combine(sum, 0, sum, 1, V(grads[i]));'),
    (LOSS, 'l->o->r1_gamma / 2)', 'l->o->r1_gamma)'),
    (LOSS, 'descend(l, &l->opt_d, loss, l->o->r1_interval);', 'descend(l, &l->opt_d, loss, 1);'),
    (LOSS, '&real, 1, TRUE, &grad', '&real, 1, FALSE, &grad'),
    (LOSS, 'sg_tape_grad(t, img, y, ws, n_ws, learn, grads);', 'sg_tape_grad(t, img, y, ws, n_ws - 1, learn, grads), grads[n_ws - 1] = NULL;'),
    (LOSS, '1 / sqrt((double)V(img)->h * V(img)->w)', '1.0 / V(img)->n'),
    (LOSS, 'sg_op_gain(t, sum, 1.0 / n_ws)', 'sg_op_gain(t, sum, 1)'),
    (LOSS, 'sg_op_gain(t, sg_op_sum(t, length), decay / n)', 'sg_op_gain(t, sg_var_detach(t, sg_op_sum(t, length)), decay / n)'),
    (LOSS, '(1 - decay) * l->pl_mean', 'l->pl_mean'),
    (LOSS, 'sg_op_gain(t, penalty, l->o->pl_weight), l->o->pl_interval)', 'penalty, l->o->pl_interval)'),
    (LOSS, 'k >= draw->cutoff', 'k > draw->cutoff'),
    (LOSS, 'discriminate(l, real, draw->aug_real, draw->real_c)', 'discriminate(l, real, NULL, draw->real_c)'),
    (LOSS, 'sg_op_reshape(t, from, V(from)->n, i->w_dim, 1, 1)', 'from'),
    (RESULTS, '  if (r->w_mean)\n    track_w(l, r->w_mean);\n', '  (void)track_w;\n'),
    # networks
    (WEIGHTS, 'sg_op_sum_to(t, sg_op_mul(t, flat, flat), view->n, view->c, 1, 1)', 'sg_op_sum_to(t, sg_var_detach(t, sg_op_mul(t, flat, flat)), view->n, view->c, 1, 1)'),
    (WEIGHTS, 'if (sums && !weight->var->slot && ', 'if (sums && '),
    (LAYERS, '.scale = sg_layer_demodulation(t, w, l, style, squares)', '.scale = sg_var_detach(t, sg_layer_demodulation(t, w, l, style, squares))'),
    (LAYERS, '.clamp = l->clamp >= 0 ? l->clamp * l->branch : -1', '.clamp = l->clamp', 0),
    (LAYERS, '.clamp = l->clamp >= 0 ? l->clamp * l->branch : -1', '.clamp = l->clamp', 1),
    (LAYERS, '.clamp = l->clamp >= 0 ? l->clamp * l->branch : -1', '.clamp = -1', 2),
    (LAYERS, 'SgVar *one = sg_op_gain(t, sg_op_sum_to(t, dev, 1, m, f, 1), 1.0 / rest);', 'SgVar *one = sg_var_detach(t, sg_op_gain(t, sg_op_sum_to(t, dev, 1, m, f, 1), 1.0 / rest));'),
    (LAYERS, 'sg_op_gain(t, sg_op_sum_to(t, v, 1, m, f, rest), 1.0 / g)', 'sg_op_gain(t, sg_op_sum_to(t, v, 1, m, f, rest), 1.0 / n)'),
    (LAYERS, 'SgVar *planes = sg_op_mul(t, noise, strength);', 'SgVar *planes = sg_op_mul(t, sg_var_detach(t, noise), strength);'),
    (LAYERS, 'l->demod_eps * fan_in', 'l->demod_eps'),
    (LAYERS, '+= 0.25f', '+= 0.24f'),
    (LAYERS, '(V(img)->w - width + 1) / 2', '(V(img)->w - width) / 2 + 1'),
    (D, 'SgVar *sum = sg_op_sum_to(r->t, sg_op_mul(r->t, x, map), V(x)->n, 1, 1, 1);', 'SgVar *sum = sg_op_sum_to(r->t, sg_op_mul(r->t, x, sg_var_detach(r->t, map)), V(x)->n, 1, 1, 1);'),
    (D, 'return sg_layer_filter(r->t, &l->before, x);', 'return sg_var_detach(r->t, sg_layer_filter(r->t, &l->before, x));'),
    (LAYERS, 'l->lr == 1 || !b ? b : sg_op_gain(t, b, l->lr)', 'b'),
    (LAYERS, 'sg_op_mul(t, x, x), n, 1, 1, 1), 1.0 / c)', 'sg_op_mul(t, x, x), n, 1, 1, 1), 1)'),
    (LEARN, 'if (!sg_buf_fill(opt->grad, 0, &why))\n    return sg_share_give_up(l, phase, why, error);', ''),
    # the CPU's kernels
    (KERNELS, 'REAL d = dy * (y > 0 ? gain : gain * a);', 'REAL d = dy * (y > 0 ? gain : a);'),
    (KERNELS, '(y >= limit || y <= -limit)', '(y >= limit)'),
    (CPU, 'rows->mul((float *)y->data + from, (const float *)a->data + from, (const float *)b->data',
     'rows->mul((float *)y->data + from, (const float *)b->data + from, (const float *)b->data'),
    (CPU, 'yd[i] = fn == SG_MAP_RSQRT      ? (float)(1 / sqrt(xd[i] + a))', 'yd[i] = fn == SG_MAP_RSQRT      ? (float)(1 / sqrt(xd[i]))'),
    (CPU, 'for (int s = 0; s < strips; s++)', 'for (int s = 0; s < 1; s++)'),
    (CPU, 'to[j] += from[(gsize)i * c + j];', 'to[j] = from[(gsize)i * c + j];'),
    (CPU, 'to[(gsize)p * block + b] = cb * block + b < y->c ? v[p] : 0;', 'to[(gsize)p * block + b] = v[p];'),
    (CPU, 'wk[k * padded + c] = c < w->h ? from[k * w->h + c] : 0;', 'wk[k * padded + c] = from[k * w->h + MIN(c, w->h - 1)];'),
    (CPU, '(gsize)(w->n > 1 ? n : 0) * k + j) * x->c + c] +=', '(gsize)(w->n > 1 ? n : 0) * k + j) * x->c + c] ='),
    (CPU, 'acc[j * padded + cb * block + b] += part', 'acc[j * padded + cb * block + b] = part'),
    (CPUCONV, '(flip ? 8 - k : k)', 'k'),
    (CPUCONV, 'cpu_scale(scaled, x, style);', 'cpu_combine(scaled, 1, x, 0, NULL);'),
    (ROWS, 'ds[b] += d[b] * g->x[i * B + b];', 'ds[b] += d[b] * g->y[i * B + b];'),
    (ROWS, 'g->dstrength[b] += dn[b];', 'g->dstrength[b] = dn[b];'),
    (CPU, 'sum += parts[2 * size + i];', 'sum = parts[2 * size + i];'),
    (ROWS, 'sum[0][b] += x[i * B + b] * (z ? z[i * B + b] : 1.0f);', 'sum[0][b] += x[i * B + b];'),
    (ROWS, 'out[i] += sum;', 'out[i] = sum;'),
    (AUGMENT, 'adjoint ? color[k * (channels + 1) + c] : color', 'adjoint ? color[c * (channels + 1) + k] : color'),
    (AUGMENT, 's->pixels[s->fold_x[q]] += s->narrow[q];', 's->pixels[s->fold_x[q]] = s->narrow[q];'),
]

# In this order, until one is red: (program under the build folder, arguments)
TESTS = [('gradient/test-ops', []), ('gradient/test-networks', []), ('gradient/test-learner-nets', []), ('gradient/test-generator', []),
         ('gradient/test-torture', []), ('golden/test-training', [])]


def run(command, **keys):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **keys)


def build(work):
    return run(['nice', 'ninja', '-C', work + '/build'] + ['tests/' + t for t, _ in TESTS])


def first_red(work):
    env = dict(os.environ, G_TEST_SRCDIR=work + '/tree/tests', GOMP_SPINCOUNT='2000')
    for test, args in TESTS:
        try:
            done = run(['nice', work + '/build/tests/' + test] + args, env=env, timeout=300)
        except subprocess.TimeoutExpired:
            return test + ': too slow'
        if done.returncode:
            # A failed comparison is reported and the program goes on; an assertion ends it.
            said = [x for x in done.stdout.splitlines() if x.startswith('not ok') or 'ERROR' in x and '**' not in x[:3]]
            return '%s: %s' % (test, said[0].split('ERROR:')[-1].strip() if said else 'status %d' % done.returncode)
    return None


def mutated(text, old, new, nth=None):
    pieces = text.split(old)
    if len(pieces) != 2 and (nth is None or len(pieces) < nth + 2):
        return None
    nth = nth or 0
    return old.join(pieces[:nth + 1]) + new + old.join(pieces[nth + 1:])


def attempt(work, mutation):
    """What noticed it; None: nothing did."""
    path = os.path.join(work, 'tree', mutation[0])
    with open(path) as f:
        text = f.read()
    changed = mutated(text, *mutation[1:])
    if changed is None:
        raise SystemExit('%s has no “%s”: change the table' % (mutation[0], mutation[1]))
    try:
        with open(path, 'w') as f:
            f.write(changed)
        built = build(work)
        return 'does not build:\n' + built.stdout[-2000:] if built.returncode else first_red(work)
    finally:
        time.sleep(1)  # ninja compares times
        with open(path, 'w') as f:
            f.write(text)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument('--work', default='/tmp/vitrine-mutate')
    args.add_argument('--only', default='')
    args.add_argument('--first', type=int, default=0, help='leave out so many')
    args.add_argument('--count', type=int, default=10000, help='at most so many')
    args.add_argument('--list', action='store_true', help='only look for the texts')
    o = args.parse_args()
    chosen = [m for m in MUTATIONS if o.only in m[0] + ' ' + m[1]][o.first:][:o.count]
    if o.list:
        texts = {m[0]: open(os.path.join(ROOT, m[0])).read() for m in chosen}
        lost = [m for m in chosen if mutated(texts[m[0]], *m[1:]) is None]
        print(len(chosen), 'mutations; not found:', *['%s: %s' % m[:2] for m in lost], sep='\n')
        return 1 if lost else 0
    tree = o.work + '/tree'
    shutil.rmtree(tree, ignore_errors=True)
    unwanted = shutil.ignore_patterns('.git', 'build*', 'shared')
    # With new times: what an interrupted run left built is not to be trusted.
    shutil.copytree(ROOT, tree, copy_function=shutil.copy, ignore=unwanted, symlinks=True)
    if not os.path.exists(o.work + '/build/build.ninja'):
        run(['meson', 'setup', o.work + '/build', tree, '-Dgui=disabled'], check=True)
    build(o.work).check_returncode()
    if first_red(o.work):
        raise SystemExit('red without any mutation')
    survived = 0
    for m in chosen:
        said = attempt(o.work, m)
        survived += not said or said.startswith('does not build')
        print('%-28s %-70.70s %s' % (m[0].split('/')[-1], m[1].split('\n')[0], said or 'SURVIVED'), flush=True)
    print('%d mutations, %d survived' % (len(chosen), survived))
    return 1 if survived else 0


if __name__ == '__main__':
    sys.exit(main())
