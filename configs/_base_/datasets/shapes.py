# Generated images: multi-label, context that co-occurs, void borders. No download.
data_root = None
_shapes = dict(
    type='wsss.Shapes',
    data_root='@data_root',
    image_size=(96, 96),
    max_objects=2,
    context_rate=0.15,
    typical_rate=1.0,
    seed=0,
)
data = dict(
    num_classes=5,
    num_labels=6,
    train=dict(split='train', num_images=1600, held_out=0.1, **_shapes),
    val=dict(split='val', num_images=200, **_shapes),
    test=dict(split='test', num_images=300, **_shapes),
)
