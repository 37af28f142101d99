# PASCAL VOC 2012: 20 classes, several in an image; trained on the list with the masks of SBD.
data_root = None
_voc = dict(type='wsss.VOC12', data_root='@data_root')
data = dict(
    num_classes=20,
    num_labels=21,
    train=dict(split='train_aug', held_out=0.1, **_voc),
    val=dict(split='val', **_voc),
    test=dict(split='val', **_voc),
)
