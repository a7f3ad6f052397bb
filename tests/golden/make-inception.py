#!/usr/bin/env python3
"""Writes expected/inception.json: what pytorch-fid's Inception network makes of a picture with weights that a formula gives (the test
has the same one, so no weights are kept), and what PyTorch, torch-fidelity and clean-fid make of pictures on their way to another size; and the same of VGG16's dense layers.

Made with PyTorch 2.15, torchvision 0.29.2, pytorch-fid 0.3.0, torch-fidelity 0.4.0, clean-fid 0.1.35.
"""
import json
import os

import numpy as np
import torch
import torchvision
from cleanfid.resize import make_resizer
from pytorch_fid import inception
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x


def uniform(name, shape):
    """-0.5 … 0.5, by a hash of the place; its seed is FNV-1a of the name."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    h = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(seed) & np.uint64(0xffffffff)
    for shift, factor in ((16, 0x85ebca6b), (13, 0xc2b2ae35), (16, 1)):
        h = (h ^ h >> np.uint64(shift)) * np.uint64(factor) & np.uint64(0xffffffff)
    return (h.astype(np.float64) / 2**32 - 0.5).astype(np.float32).reshape(shape)


def value(name, shape):
    u = uniform(name, shape)
    if name.endswith('running_var'):
        return 1 + np.float32(0.8) * u
    if name.endswith('bn.weight'):
        return 1 + np.float32(0.4) * u
    if name.endswith('conv.weight'):
        return (u.astype(np.float64) * np.sqrt(24 / np.prod(shape[1:]))).astype(np.float32)
    return np.float32(0.2) * u


def weights(*args, **kw):
    net = torchvision.models.inception_v3(num_classes=1008, aux_logits=False, weights=None, init_weights=False)
    return {k: torch.tensor(value(k, tuple(v.shape))) if v.dtype == torch.float32 else v for k, v in net.state_dict().items()}


inception.load_state_dict_from_url = weights
torch.set_grad_enabled(False)
net = inception.InceptionV3([0, 1, 2, 3], resize_input=False, normalize_input=False).eval().double()
picture = torch.tensor(2 * uniform('picture', (1, 3, 299, 299))).double()
out = {'blocks': []}
x = picture
for b, block in enumerate(net.blocks):
    for layer in block:
        if isinstance(layer, torch.nn.AdaptiveAvgPool2d):
            break
        x = layer(x)
    v = x[0].numpy()
    out['blocks'].append({'shape': list(v.shape), 'mean': np.round(v.mean((1, 2)), 7).tolist(),
                          'some': np.round(v.ravel()[::max(1, v.size // 150)][:150], 7).tolist(), 'most': float(np.abs(v).max())})
features = x.mean((2, 3))
fc = torch.tensor(value('fc.weight', (1008, 2048))).double()
out['logits'] = np.round((features @ fc.T)[0].numpy(), 6).tolist()

# VGG16's dense layers, with a sixteenth of its channels: as torch-fidelity's extractor has them.
widths, sequence, inputs = [4, 4, 0, 8, 8, 0, 16, 16, 16, 0, 32, 32, 32, 0, 32, 32, 32, 0], [], 3
for w in widths:
    sequence += [torch.nn.Conv2d(inputs, w, 3, padding=1), torch.nn.ReLU()] if w else [torch.nn.MaxPool2d(2)]
    inputs = w or inputs
vgg = torch.nn.ModuleDict({'features': torch.nn.Sequential(*sequence), 'classifier': torch.nn.Sequential(
    torch.nn.Linear(32 * 49, 24), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(24, 20), torch.nn.ReLU())}).eval()
for k, v in vgg.state_dict().items():
    fan_in = np.prod(v.shape[1:])
    v.copy_(torch.tensor(uniform(k, tuple(v.shape)) * np.float32(0.2 if k.endswith('bias') else np.sqrt(24 / fan_in))))
bytes_ = torch.tensor(((uniform('vgg', (1, 3, 64, 64)) + 0.5) * 256).astype(np.uint8)).float()
x = interpolate_bilinear_2d_like_tensorflow1x(bytes_, size=(224, 224), align_corners=False)
x = torchvision.transforms.functional.normalize(x, (255 * .485, 255 * .456, 255 * .406), (255 * .229, 255 * .224, 255 * .225))
out['vgg'] = np.round(vgg['classifier'](vgg['features'](x).flatten(1))[0].numpy().astype(np.float64), 6).tolist()

fits = []
for size, to in ((24, 31), (40, 17), (9, 9), (64, 75)):
    bytes_ = ((uniform(f'fit{size}', (3, size, size)) + 0.5) * 256).astype(np.uint8)
    t = torch.tensor(bytes_[None]).float()
    pytorch = 2 * torch.nn.functional.interpolate(t / 255, size=(to, to), mode='bilinear', align_corners=False) - 1
    tf = (interpolate_bilinear_2d_like_tensorflow1x(t, size=(to, to), align_corners=False) - 128) / 128
    clean = (make_resizer('PIL', False, 'bicubic', (to, to))(bytes_.transpose(1, 2, 0)).transpose(2, 0, 1) - 128) / 128
    case = {'size': size, 'to': to}
    for name, v in (('tf', tf.numpy()), ('pytorch', pytorch.numpy()), ('clean', clean)):
        case[name] = np.round(v.ravel()[::7].astype(np.float64), 6).tolist()
    fits.append(case)
out['fits'] = fits
with open(os.path.join(os.path.dirname(__file__), 'expected', 'inception.json'), 'w') as f:
    json.dump(out, f)
print(out['vgg'])
print([(b['shape'], b['most'], float(np.mean(b['mean']))) for b in out['blocks']], np.abs(out['logits']).max())
