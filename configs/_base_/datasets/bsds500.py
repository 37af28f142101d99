# BSDS500: photographs that people have parted into regions; no classes.
data_root = None
_bsds500 = dict(type='wsss.BSDS500', data_root='@data_root')
data = dict(
    num_classes=0,
    num_labels=1,
    train=dict(split='trainval', **_bsds500),
    test=dict(split='test', **_bsds500),
)
