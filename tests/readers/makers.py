# SPDX-License-Identifier: Apache-2.0
"""A whole file for every reader of the package, and how to read it."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import numpy as np
import torch
from PIL import Image
from scipy.io import savemat

from wsss.datasets.coco_classes import COCO_CLASSES, COCO_IDS
from wsss.datasets.coco_json import read_coco_index, read_coco_outlines
from wsss.datasets.converters.archive import extract_tar, extract_zip
from wsss.datasets.converters.mat5 import read_mat_structs
from wsss.datasets.converters.stanford_background import read_regions
from wsss.datasets.converters.voc12 import read_id_file
from wsss.datasets.image_io import image_size, read_image
from wsss.datasets.label_sources.coco_json_labels import CocoJsonLabels
from wsss.datasets.label_sources.csv_labels import CsvLabels
from wsss.datasets.label_sources.mask_labels import MaskLabels
from wsss.datasets.label_sources.voc_xml_labels import VocXmlLabels
from wsss.datasets.mask_classes import classes_in_mask
from wsss.datasets.mask_io import read_index, read_mask
from wsss.datasets.oxford_pet import tight_box
from wsss.datasets.oxford_pet_lists import read_rows
from wsss.datasets.pictures import Pictures
from wsss.datasets.point_file import read_points
from wsss.datasets.saliency_io import read_saliency
from wsss.datasets.transforms import LoadImage, LoadMask, LoadScores, LoadScribbles
from wsss.datasets.voc_xml import read_voc_boxes
from wsss.engine import checkpoint
from wsss.engine.record import read_record
from wsss.fileio import read_json, read_text, write_json, write_mask
from wsss.structures import ScoreMaps, ScoreStore

MASK = np.random.default_rng(0).integers(0, 3, (40, 50)).astype(np.uint8)
IMAGE = np.random.default_rng(1).integers(0, 255, (40, 50, 3)).astype(np.uint8)
COCO = dict(
    images=[dict(id=1, file_name='a.jpg', height=4, width=4)],
    annotations=[dict(image_id=1, category_id=1, bbox=[0, 0, 2, 2], segmentation=[[0, 0, 2, 2]])],
    categories=[dict(id=i, name=n) for i, n in zip(COCO_IDS, COCO_CLASSES)],
)
XML = (
    '<annotation><object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>3</xmax>'
    '<ymax>3</ymax></bndbox></object></annotation>'
)


def image(suffix, **options):
    def make(path):
        Image.fromarray(IMAGE).save(path, **options)

    return suffix, make


def text(suffix, content):
    return suffix, lambda path: path.write_text(content)


def mask(path):
    write_mask(path, MASK)


def scores(path):
    ScoreStore(path.parent).write(
        path.stem, ScoreMaps(torch.tensor([0, 2]), torch.rand(2, 30, 30), (60, 60))
    )


def weights(path):
    checkpoint.save(dict(meta={}, state_dict=dict(w=torch.rand(3000)), optimizer={}), path)


def legacy_weights(path):
    torch.save(dict(w=torch.rand(3000)), path, _use_new_zipfile_serialization=False)


def record(path):
    write_json(path, dict(fingerprint=dict(config={}), metrics=dict(mIoU=1.5)))


def tar(path):
    with tarfile.open(path, 'w:gz') as archive:
        member = tarfile.TarInfo('folder/a.bin')
        member.size = IMAGE.size
        archive.addfile(member, io.BytesIO(IMAGE.tobytes()))


def zip_(path):
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('folder/a.bin', IMAGE.tobytes())


def mat(path):
    savemat(path, dict(GTcls=dict(Segmentation=MASK)))


def source(reader, **arguments):
    """Return a call that reads image labels from ``path`` for the picture ``a.jpg``."""

    def read(path):
        pictures = Pictures(path.parent, path.parent, ('a.jpg',), **arguments)
        return reader(path).read(pictures, ['x', 'y']).rows

    return read


def grey(path):
    Image.fromarray(MASK * 80).save(path)


def floats(path):
    np.save(path, (MASK / 2).astype(np.float32))


def read_scribbles(path):
    sample = dict(image_id='a', ori_shape=MASK.shape, gt_label=[0, 1], num_labels=3)
    classes = dict(class_to_label=(1, 2), image_classes=('x', 'y'))
    return LoadScribbles(str(path.parent))(sample | classes)


def read_masks(path):
    pictures = Pictures(path.parent, path.parent, ('a.jpg',), {'a.jpg': path})
    return MaskLabels().read(pictures, ['x', 'y']).rows


def transform(step, **more):
    def read(path):
        sample = dict(image_id='a', img_path=str(path), mask_path=str(path), num_labels=3, **more)
        return step()(sample)

    return read


# reader -> suffix, how to make a whole file, how to read it
READERS = {
    'image jpg': (*image('jpg'), read_image),
    'image png': (*image('png'), read_image),
    'image bmp': (*image('bmp'), read_image),
    'image tif': (*image('tif'), read_image),
    'image tif lzw': (*image('tif', compression='tiff_lzw'), read_image),
    'image webp': (*image('webp'), read_image),
    'image gif': (*image('gif'), read_image),
    'image ppm': (*image('ppm'), read_image),
    'header': (*image('png'), image_size),
    'LoadImage': (*image('png'), transform(LoadImage)),
    'index': ('png', mask, read_index),
    'mask': ('png', mask, lambda path: read_mask(path, 3)),
    'LoadMask': ('png', mask, transform(LoadMask)),
    'classes in mask': ('png', mask, lambda path: classes_in_mask(path, 2)),
    'tight box': ('png', mask, lambda path: tight_box(path, (1,))),
    'mask labels': ('png', mask, read_masks),
    'scores': ('npz', scores, lambda path: ScoreStore(path.parent).read(path.stem)),
    'LoadScores': ('npz', scores, lambda path: LoadScores(str(path.parent))({'image_id': 'a'})),
    'saliency': ('png', grey, lambda path: read_saliency(path, MASK.shape)),
    'saliency array': ('npy', floats, lambda path: read_saliency(path, MASK.shape)),
    'scribbles': ('png', mask, read_scribbles),
    'points': (*text('csv', 'image_id,x,y,class\na,1,2,cat\n'), read_points),
    'points json': (*text('json', '{"a": [[1, 2, "cat"]]}'), read_points),
    'weights': ('pth', weights, checkpoint.load),
    'legacy weights': ('pth', legacy_weights, checkpoint.load),
    'record': ('json', record, lambda path: read_record(path.parent, path.name)),
    'json': (*text('json', '{"a": [1, 2, {"b": "c"}]}'), read_json),
    'text list': (*text('txt', 'a\nb\n'), read_text),
    'pets list': (*text('txt', 'pug_1 26 2 1\n'), read_rows),
    'pets list json': (*text('json', '["pug_1", "pug_2"]'), read_rows),
    'voc id list': (*text('txt', '2007_000001\n2007_000002\n'), read_id_file),
    'voc xml': (*text('xml', XML), read_voc_boxes),
    'xml labels': (*text('xml', XML), source(lambda path: VocXmlLabels('.'))),
    'csv labels': (*text('csv', 'file,labels\na.jpg,x;y\n'), source(lambda p: CsvLabels(p.name))),
    'coco labels': (*text('json', json.dumps(COCO)), source(lambda p: CocoJsonLabels(p.name))),
    'coco index': (*text('json', json.dumps(COCO)), read_coco_index),
    'coco outlines': (*text('json', json.dumps(COCO)), read_coco_outlines),
    'mat': ('mat', mat, read_mat_structs),
    'regions': (*text('txt', '0 0 -1\n7 7 1\n'), read_regions),
    'tar': ('tar.gz', tar, lambda path: extract_tar(path, path.parent / 'out')),
    'zip': ('zip', zip_, lambda path: extract_zip(path, path.parent / 'out')),
}
