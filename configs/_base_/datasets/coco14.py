# MS-COCO 2014: 80 classes of things, many in an image; masks made by the converter.
data_root = None
_coco = dict(type='wsss.COCO14', data_root='@data_root')
data = dict(
    num_classes=80,
    num_labels=81,
    train=dict(split='train', held_out=0.1, **_coco),
    val=dict(split='val', **_coco),
    test=dict(split='val', **_coco),
)
