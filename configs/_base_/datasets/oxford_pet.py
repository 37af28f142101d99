# Oxford-IIIT Pet: 37 breeds as image labels, pet / background as masks, border not scored.
data_root = None
_pets = dict(
    type='wsss.OxfordPet',
    data_root='@data_root',
    label_mode='breed',
    mask_mode='binary',
    border='ignore',
)
data = dict(
    num_classes=37,
    num_labels=2,
    train=dict(split='trainval', held_out=0.1, **_pets),
    val=dict(split='test', **_pets),
    test=dict(split='test', **_pets),
)
