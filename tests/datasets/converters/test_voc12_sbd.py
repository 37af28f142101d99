# SPDX-License-Identifier: Apache-2.0
"""From the archives of VOC 2012 and SBD to one data root."""

import importlib.util
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from wsss.datasets import VOC12
from wsss.datasets.converters import convert_sbd, convert_voc12
from wsss.datasets.converters.sbd import COUNT, read_sbd_mask, train_aug_ids
from wsss.datasets.converters.voc12 import find_problems
from wsss.errors import DataError
from wsss.fileio import write_mask

TOOLS = Path(__file__).parents[3] / 'tools' / 'dataset_converters'
SIZE = (6, 8)
TRAIN, VAL, OTHERS = ['2007_1', '2007_2'], ['2007_3'], ['2008_4', '2008_5']
COUNTS = dict(train=2, val=1, trainval=3)
XML = (
    '<annotation><object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax>'
    '<ymax>3</ymax></bndbox></object></annotation>'
)


def encode(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def pack(path, top, files):
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, 'w:gz' if path.suffix == '.tgz' else 'w') as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f'{top}/{name}')
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def voc_files(tmp_path):
    lists = dict(train=TRAIN, val=VAL, trainval=TRAIN + VAL)
    files = {
        f'ImageSets/Segmentation/{split}.txt': '\n'.join(ids).encode()
        for split, ids in lists.items()
    }
    mask = np.zeros(SIZE, np.uint8)
    mask[0], mask[1] = 255, 8
    write_mask(tmp_path / 'mask.png', mask)
    for image_id in [*TRAIN, *VAL, *OTHERS]:
        files[f'JPEGImages/{image_id}.jpg'] = encode(Image.new('RGB', SIZE[::-1]), format='JPEG')
        files[f'Annotations/{image_id}.xml'] = XML.encode()
        if image_id not in OTHERS:
            files[f'SegmentationClass/{image_id}.png'] = (tmp_path / 'mask.png').read_bytes()
    return files


def mat(tmp_path, name='GTcls', **fields):
    savemat(tmp_path / 'a.mat', {name: fields}, do_compression=True)
    return (tmp_path / 'a.mat').read_bytes()


def sbd_files(tmp_path):
    """Train of SBD holds one image of VOC's val, val of SBD one of VOC's train."""
    files = {'train.txt': b'2008_4\n2007_3\n', 'val.txt': b'2008_5\n2007_1\n'}
    for number, image_id in enumerate(['2008_4', '2007_3', '2008_5', '2007_1'], 1):
        mask = np.full(SIZE, number, np.uint8)
        files[f'cls/{image_id}.mat'] = mat(tmp_path, Segmentation=mask, Boundaries=np.zeros(3))
        files[f'inst/{image_id}.mat'] = b'not needed'
    return files


@pytest.fixture
def archives(tmp_path):
    folder = tmp_path / 'archives'
    pack(folder / 'VOCtrainval_11-May-2012.tar', 'VOCdevkit/VOC2012', voc_files(tmp_path))
    pack(folder / 'benchmark.tgz', 'benchmark_RELEASE/dataset', sbd_files(tmp_path))
    return folder


def voc(root, archives, **options):
    return convert_voc12(root, archives.joinpath, **dict(counts=COUNTS, progress=False) | options)


def sbd(root, archives, **options):
    options = dict(count=4, num_workers=2, progress=False) | options
    return convert_sbd(root, archives.joinpath, **options)


@pytest.fixture
def root(archives, tmp_path):
    voc(tmp_path / 'voc', archives)
    return tmp_path / 'voc'


def ids(dataset):
    return [dataset.get_data_info(i)['image_id'] for i in range(len(dataset))]


def read(path):
    with Image.open(path) as opened:
        return np.asarray(opened)


# ---------------------------------------------------------------------------------------- VOC 2012
def test_archive_becomes_the_data_root_of_voc12(archives, tmp_path):
    line = voc(tmp_path / 'voc', archives)
    assert line.endswith('VOC2012: train 2, val 1, 5 images, 3 masks, 5 annotations')
    assert ids(VOC12(str(tmp_path / 'voc'), 'val')) == VAL
    assert sorted(p.name for p in (tmp_path / 'voc').iterdir()) == ['VOC2012']


def test_complete_voc_is_left_alone_and_not_fetched(root, archives):
    stamps = {p: p.stat().st_mtime_ns for p in root.rglob('*')}
    assert 'was there already' in voc(root, Path('/nowhere'))
    assert stamps == {p: p.stat().st_mtime_ns for p in root.rglob('*')}


def test_wrong_counts_and_missing_files_are_named_and_leave_nothing(archives, tmp_path):
    with pytest.raises(DataError, match='train.txt lists 2 images instead of 1464'):
        convert_voc12(tmp_path / 'voc', archives.joinpath, progress=False)
    files = voc_files(tmp_path)
    del files['SegmentationClass/2007_3.png']
    pack(archives / 'VOCtrainval_11-May-2012.tar', 'VOCdevkit/VOC2012', files)
    with pytest.raises(DataError, match=r'1 files are missing in SegmentationClass, .*2007_3\.png'):
        voc(tmp_path / 'voc', archives)
    assert not list((tmp_path / 'voc').iterdir())


def test_a_folder_with_other_things_is_refused(archives, tmp_path):
    (tmp_path / 'voc' / 'VOC2012').mkdir(parents=True)
    (tmp_path / 'voc' / 'VOC2012' / 'note.txt').write_text('mine')
    with pytest.raises(DataError, match='not empty and not the whole data set'):
        voc(tmp_path / 'voc', archives)


def test_lists_with_paths_for_ids_are_refused(root):
    (root / 'VOC2012' / 'ImageSets' / 'Segmentation' / 'train.txt').write_text('../../x\n')
    assert "holds '../../x'" in find_problems(root / 'VOC2012')[0]


# --------------------------------------------------------------------------------------------- SBD
def test_train_aug_is_train_and_sbd_without_val(root, archives):
    line = sbd(root, archives)
    assert 'train_aug 4 (2 with masks of VOC, 2 of SBD), 5 masks in SegmentationClassAug' in line
    dataset = VOC12(str(root), 'train_aug')
    assert ids(dataset) == ['2007_1', '2007_2', '2008_4', '2008_5']
    masks = {i['image_id']: i['mask_path'] for i in map(dataset.get_data_info, range(4))}
    assert (read(masks['2008_4']) == 1).all() and (read(masks['2008_5']) == 3).all()
    own = root / 'VOC2012' / 'SegmentationClass' / '2007_1.png'
    assert Path(masks['2007_1']).read_bytes() == own.read_bytes()
    assert ids(VOC12(str(root), 'val', masks='SegmentationClassAug')) == VAL
    assert not [p.name for p in root.rglob('.*')]


def test_the_official_lists_would_give_10582(root, tmp_path):
    # 8,498 + 2,857 images of SBD, 1,464 and 1,449 of VOC, overlapping as the official lists do
    lists = root / 'VOC2012' / 'ImageSets' / 'Segmentation'
    names = [f'2009_{i:06d}' for i in range(12_031)]
    (lists / 'train.txt').write_text('\n'.join(names[:1464]))
    (lists / 'val.txt').write_text('\n'.join(names[-1449:]))
    own = names[1464:10_582] + names[:900] + names[-1337:]
    (tmp_path / 'train.txt').write_text('\n'.join(own[:8498]))
    (tmp_path / 'val.txt').write_text('\n'.join(own[8498:]))
    assert len(own) == 8498 + 2857 and len(train_aug_ids(root / 'VOC2012', tmp_path)) == COUNT


def test_complete_masks_are_left_alone_and_a_stopped_run_continues(root, archives):
    sbd(root, archives)
    folder = root / 'VOC2012' / 'SegmentationClassAug'
    stamps = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert 'was there already' in sbd(root, Path('/nowhere'))
    (folder / '2008_5.png').unlink()
    assert 'already' not in sbd(root, archives)
    after = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert after.keys() == stamps.keys()
    assert [p.name for p in stamps if after[p] != stamps[p]] == ['2008_5.png']


def test_an_extracted_folder_will_do(root, archives, tmp_path):
    with tarfile.open(archives / 'benchmark.tgz') as tar:
        tar.extractall(tmp_path / 'out', filter='data')
    line = convert_sbd(root, lambda _: tmp_path / 'out', 4, 1, False)
    assert 'train_aug 4' in line and (tmp_path / 'out').is_dir()


def test_wrong_count_is_refused(root, archives):
    with pytest.raises(DataError, match='train_aug has 4 images instead of 10582'):
        sbd(root, archives, count=COUNT)
    assert not (root / 'VOC2012' / 'SegmentationClassAug').exists()


def test_sbd_without_voc_says_what_to_make_first(archives, tmp_path):
    with pytest.raises(DataError, match='voc12.py first'):
        sbd(tmp_path / 'voc', archives)


@pytest.mark.parametrize(
    ('name', 'content', 'words'),
    [
        ('cls/2008_4.mat', None, '2008_4.mat does not exist'),
        ('cls/2008_4.mat', b'rubbish', '2008_4.mat is not a MATLAB file'),
        ('cls/2008_4.mat', dict(Segmentation=np.zeros((3, 3))), r'2008_4.mat is \(3, 3\)'),
        ('train.txt', b'../../evil\n', "holds '../../evil'"),
        ('train.txt', b'2010_9\n', '1 of 4 images of train_aug are missing .*2010_9'),
    ],
)
def test_damaged_parts_are_named_and_no_list_is_written(
    root, archives, tmp_path, name, content, words
):
    files = sbd_files(tmp_path)
    if content is None:
        del files[name]
    else:
        files[name] = mat(tmp_path, **content) if isinstance(content, dict) else content
    pack(archives / 'benchmark.tgz', 'benchmark_RELEASE/dataset', files)
    with pytest.raises(DataError, match=words):
        sbd(root, archives)
    assert not (root / 'VOC2012' / 'ImageSets' / 'Segmentation' / 'train_aug.txt').exists()


def test_objects_become_their_categories(tmp_path):
    segmentation = np.array([[0, 1, 2], [2, 2, 0]], np.uint8)
    (tmp_path / 'b.mat').write_bytes(
        mat(tmp_path, 'GTinst', Segmentation=segmentation, Categories=np.array([[15.0], [7.0]]))
    )
    assert read_sbd_mask(tmp_path / 'b.mat').tolist() == [[0, 15, 7], [7, 7, 0]]


@pytest.mark.parametrize(
    ('name', 'fields', 'words'),
    [
        ('GTcls', dict(Other=np.zeros((2, 2))), "no 'Segmentation'"),
        ('Else', dict(Segmentation=np.zeros((2, 2))), "no 'GTinst'"),
        ('GTcls', dict(Segmentation=np.full((2, 2), 21)), 'label id 21'),
        ('GTcls', dict(Segmentation=np.full((2, 2), 0.5)), 'whole numbers'),
        ('GTcls', dict(Segmentation=np.full((2, 2), -1)), 'whole numbers'),
        ('GTcls', dict(Segmentation=np.full((2, 2), np.nan)), 'whole numbers'),
        (
            'GTinst',
            dict(Segmentation=np.full((2, 2), 2), Categories=np.array([[3]])),
            'object 2 of 1',
        ),
    ],
)
def test_other_content_is_refused(tmp_path, name, fields, words):
    (tmp_path / 'b.mat').write_bytes(mat(tmp_path, name, **fields))
    with pytest.raises(DataError, match=f'b.mat .*{words}'):
        read_sbd_mask(tmp_path / 'b.mat')


# -------------------------------------------------------------------------------------- the tools
def load_tool(name):
    spec = importlib.util.spec_from_file_location(f'{name}_tool', TOOLS / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tools_print_one_line_each(archives, tmp_path, capsys):
    arguments = [str(tmp_path / 'voc'), '--archives', str(archives), '--offline', '--unofficial']
    for name in ('voc12', 'sbd'):
        tool = load_tool(name)
        assert tool.main(arguments) == 0
        assert capsys.readouterr().out.count('\n') == 1
        assert tool.main(arguments) == 0
        assert 'was there already' in capsys.readouterr().out


def test_tools_refuse_other_checksums(archives, tmp_path, capsys):
    arguments = [str(tmp_path / 'voc'), '--archives', str(archives), '--offline']
    assert load_tool('voc12').main(arguments) == 1
    assert 'VOCtrainval_11-May-2012.tar has the MD5' in capsys.readouterr().err
